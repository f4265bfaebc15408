"""Work that must not hold the window up: it runs on a thread, what comes of it arrives in the window's thread.

    background.run(partial(open_medium, path), show, explain)

One call after the other, in their order. Late results are dropped once it is closed. Plain threads, since a QThread has
a stack of 512 KB on macOS.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Background(QObject):
    """A thread for one kind of work, such as opening files or the history's database."""

    _ended = Signal(int, object, object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._count = 0
        self._waiting: dict[int, tuple[Callable[[Any], None], Callable[[Exception], None]]] = {}
        self._closed = False
        self._ended.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], Result],
        done: Callable[[Result], None] = lambda _: None,
        failed: Callable[[Exception], None] | None = None,
    ) -> int:
        """Queue `work`; `done` or `failed` is called in the window's thread. A number for `forget`."""
        self._count += 1
        if not self._closed:
            self._waiting[self._count] = (done, failed or _log)
            self._pool.submit(work).add_done_callback(partial(self._hand_over, self._count))
        return self._count

    def forget(self, number: int) -> None:
        """Nobody waits for this any more."""
        self._waiting.pop(number, None)

    def close(self, *, finish: bool = False) -> None:
        """Hear no more, and have the thread end after the call under way; with `finish` after all that was queued."""
        self._closed = True
        self._waiting.clear()
        self._pool.shutdown(wait=False, cancel_futures=not finish)

    def wait(self) -> None:
        """Until the thread has ended, once it was closed."""
        self._pool.shutdown(wait=True)

    def _hand_over(self, number: int, future: "Future[Any]") -> None:
        """On the pool's thread."""
        if self._closed or future.cancelled():
            return
        error = future.exception()
        self._ended.emit(number, None if error else future.result(), error)

    @Slot(int, object, object)
    def _tell(self, number: int, result: Any, error: Exception | None) -> None:
        if (waiting := self._waiting.pop(number, None)) is None:
            return
        done, failed = waiting
        if error is None:
            done(result)
        else:
            failed(error)


def _log(error: Exception) -> None:
    log.error("Work in the background failed.", exc_info=error)
