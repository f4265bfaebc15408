"""Long work with models, one after the other on a thread: downloads, checks, conversions. Each can be cancelled.

Progress comes to the window's thread some times a second at most, however often the work reports.
"""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.desktop.background import Background
from mlx_model.errors import Cancelled

EVERY = 0.1  # seconds between two reports
Report = Callable[[int, int], None]


class Jobs(QObject):
    """At most one job for each name. `ended` brings the result, or the exception."""

    progressed = Signal(str, int, int)
    ended = Signal(str, object, object)
    _came = Signal(str, int, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = Background("models", self)
        self._stops: dict[str, threading.Event] = {}
        self._came.connect(self._pass_on, Qt.ConnectionType.QueuedConnection)

    def is_busy(self, name: str) -> bool:
        return name in self._stops

    def begin(self, name: str, work: Callable[[Report], Any]) -> None:
        if name not in self._stops:
            stop = self._stops[name] = threading.Event()
            report = partial(_report, self._came.emit, name, stop, [0.0])
            self._thread.run(partial(_do, work, report, stop), partial(self._end, name), partial(self._fail, name))

    def cancel(self, name: str) -> None:
        """The work ends at its next report; a job that waits ends when its turn comes."""
        if name in self._stops:
            self._stops[name].set()

    def close(self) -> None:
        for stop in self._stops.values():
            stop.set()
        self._thread.close()

    @Slot(str, int, int)
    def _pass_on(self, name: str, done: int, total: int) -> None:
        if name in self._stops and not self._stops[name].is_set():
            self.progressed.emit(name, done, total)

    def _end(self, name: str, result: object) -> None:
        del self._stops[name]
        self.ended.emit(name, result, None)

    def _fail(self, name: str, error: Exception) -> None:
        del self._stops[name]
        self.ended.emit(name, None, error)


def _do(work: Callable[[Report], Any], report: Report, stop: threading.Event) -> Any:
    if stop.is_set():
        raise Cancelled("It was cancelled.")
    return work(report)


def _report(
    emit: Callable[[str, int, int], None], name: str, stop: threading.Event, last: list[float], done: int, total: int
) -> None:
    """On the thread. A negative number is a look without news."""
    if stop.is_set():
        raise Cancelled("It was cancelled.")
    now = time.monotonic()
    if done >= 0 and now - last[0] >= EVERY:
        last[0] = now
        emit(name, done, total)
