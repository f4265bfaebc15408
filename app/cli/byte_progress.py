"""Shows on stderr how many bytes are done, how fast it goes and how long it will take.

Only where stderr is a terminal; rich is imported when there is something to show. Knows no model.
"""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from app.cli.stderr import is_watched
from app.terminal import one_line

if TYPE_CHECKING:
    import rich.progress


class ByteProgress:
    """One line for one job in bytes; a context manager that leaves no trace on the screen."""

    def __init__(self, what: str) -> None:
        self._what = one_line(what)
        self._display: rich.progress.Progress | None = None

    def show(self, done: int, total: int) -> None:
        if self._display is not None:
            self._display.update(self._display.task_ids[0], completed=done, total=total)

    def __enter__(self) -> Self:
        if is_watched():
            self._display = _display()
            self._display.add_task(self._what, total=None)
            self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._display is not None:
            self._display.stop()


def _display() -> "rich.progress.Progress":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
