"""How long the window's thread was held up, beyond what other programs on the machine took of it."""

import time
from pathlib import Path

from PySide6.QtCore import QTimer

LONGEST_GAP = 0.05  # seconds for which the event loop may be held up
SCHEDULER = Path("/proc/thread-self/schedstat")


def seconds_without_a_core() -> float:
    """For how long this thread could have run but others had the cores, since it began. 0 where nobody counts that.

    https://docs.kernel.org/scheduler/sched-stats.html
    """
    try:
        return int(SCHEDULER.read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


class Stopwatch:
    """Seconds since it was made, without those in which this thread had no core."""

    def __init__(self) -> None:
        self._since, self._without = time.perf_counter(), seconds_without_a_core()

    def read(self) -> float:
        return time.perf_counter() - self._since - (seconds_without_a_core() - self._without)


class Gaps:
    """The longest time between two turns of the event loop, from its making to `stop`."""

    def __init__(self) -> None:
        self.longest, self._watch = 0.0, Stopwatch()
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(1)

    def _tick(self) -> None:
        self.longest, self._watch = max(self.longest, self._watch.read()), Stopwatch()

    def stop(self) -> float:
        self._timer.stop()
        return self.longest
