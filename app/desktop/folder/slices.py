"""Work on thousands of rows in the window's thread, a slice at a time, so that the window answers in between."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer

SLICE = 100


class Slices(QObject):
    """One piece of work after the other; what is begun ends before `finish` returns."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[Callable[[], None]] = []
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._go_on)

    def do(self, items: Sequence[int], work: Callable[[Sequence[int]], None], done: Callable[[], None]) -> None:
        """Call `work` with one slice after the other, then `done`; a single slice at once."""
        for first in range(0, len(items), SLICE):
            self._waiting.append(lambda part=items[first : first + SLICE]: work(part))  # type: ignore[misc]
        self._waiting.append(done)
        self._timer.start(0)
        if len(items) <= SLICE:
            self.finish()

    @property
    def is_busy(self) -> bool:
        return bool(self._waiting)

    def finish(self) -> None:
        """Do now what is left."""
        while self._waiting:
            self._go_on()

    def _go_on(self) -> None:
        if self._waiting:
            self._waiting.pop(0)()
        if not self._waiting:
            self._timer.stop()
