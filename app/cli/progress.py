"""Shows on stderr what is being waited for, once the wait has taken half a second.

Only where stderr is a terminal; rich is imported when there is something to show, since most runs never need it.
Knows no model: it is told in words and numbers.
"""

from threading import Lock, Timer
from types import TracebackType
from typing import TYPE_CHECKING, Self

from app.cli.stderr import is_watched
from app.terminal import one_line

if TYPE_CHECKING:
    import rich.progress

DELAY = 0.5


class Progress:
    """One line that says the stage and how far it is; a context manager that leaves no trace on the screen."""

    def __init__(self) -> None:
        self._watched = is_watched()
        self._lock = Lock()
        self._timer: Timer | None = None
        self._display: rich.progress.Progress | None = None
        self._stage: tuple[str, int, int | None] = ("", 0, None)

    def show(self, what: str, done: int = 0, total: int | None = None) -> None:
        """Say what is under way, as in ("Looking: tile", 3, 13); without `total` there is no more to say."""
        if not self._watched:
            return
        with self._lock:
            self._stage = (one_line(what), done, total)
            if self._display is not None:
                self._update(self._display)
            elif self._timer is None:
                self._timer = Timer(DELAY, self._start)
                self._timer.daemon = True
                self._timer.start()

    def clear(self) -> None:
        """Take the line away, so that others may write; the next `show` waits anew."""
        timer = self._timer
        if timer is not None:
            timer.cancel()
            timer.join()
        with self._lock:
            self._timer = None
            if self._display is not None:
                self._display.stop()
                self._display = None

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        with self._lock:
            display = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                console=Console(stderr=True),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            display.add_task("")
            self._update(display)
            display.start()
            self._display = display

    def _update(self, display: "rich.progress.Progress") -> None:
        what, done, total = self._stage
        counted = f"{what} {done} of {total}" if total is not None else what
        display.update(display.task_ids[0], description=counted, completed=done, total=total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()
