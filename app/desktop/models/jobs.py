"""Long work with models, one after the other on a thread: downloads, checks, conversions. Each can be cancelled.

Progress comes to the window's thread some times a second at most, however often the work reports.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.desktop.background import Background
from mlx_model.errors import Cancelled

EVERY = 0.1  # seconds between two reports
Report = Callable[[int, int], None]


@dataclass
class _Job:
    stop: threading.Event
    begun: threading.Event
    number: int = 0


class Jobs(QObject):
    """At most one job for each name. `begun` when its turn has come; `ended` brings the result, or the exception."""

    begun = Signal(str)
    progressed = Signal(str, int, int)
    ended = Signal(str, object, object)
    _started = Signal(str)
    _came = Signal(str, int, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = Background("models", self)
        self._jobs: dict[str, _Job] = {}
        self._started.connect(self.begun, Qt.ConnectionType.QueuedConnection)
        self._came.connect(self._pass_on, Qt.ConnectionType.QueuedConnection)

    def is_busy(self, name: str) -> bool:
        return name in self._jobs

    def waits(self, name: str) -> bool:
        """Whether others come first."""
        return name in self._jobs and not self._jobs[name].begun.is_set()

    def begin(self, name: str, work: Callable[[Report], Any]) -> None:
        if name not in self._jobs:
            job = self._jobs[name] = _Job(threading.Event(), threading.Event())
            report = partial(_report, self._came.emit, name, job.stop, [0.0])
            do = partial(_do, work, report, job, partial(self._started.emit, name))
            job.number = self._thread.run(do, partial(self._end, name), partial(self._fail, name))

    def cancel(self, name: str) -> None:
        """The work ends at its next report; a job that waits ends now."""
        if (job := self._jobs.get(name)) is not None:
            job.stop.set()
            if not job.begun.is_set():
                self._thread.forget(job.number)
                self._fail(name, Cancelled("It was cancelled."))

    def close(self) -> None:
        for job in self._jobs.values():
            job.stop.set()
        self._thread.close()

    @Slot(str, int, int)
    def _pass_on(self, name: str, done: int, total: int) -> None:
        if name in self._jobs and not self._jobs[name].stop.is_set():
            self.progressed.emit(name, done, total)

    def _end(self, name: str, result: object) -> None:
        del self._jobs[name]
        self.ended.emit(name, result, None)

    def _fail(self, name: str, error: Exception) -> None:
        del self._jobs[name]
        self.ended.emit(name, None, error)


def _do(work: Callable[[Report], Any], report: Report, job: _Job, started: Callable[[], None]) -> Any:
    job.begun.set()  # first, so that a cancel either sees it or is seen here
    if job.stop.is_set():
        raise Cancelled("It was cancelled.")
    started()
    return work(report)


def _report(
    emit: Callable[[str, int, int], None], name: str, stop: threading.Event, last: list[float], done: int, total: int
) -> None:
    """On the thread. A negative number is a look without news."""
    if stop.is_set():
        raise Cancelled("It was cancelled.")
    now = time.monotonic()
    if done >= 0 and (now - last[0] >= EVERY or done == total > 0):
        last[0] = now
        emit(name, done, total)
