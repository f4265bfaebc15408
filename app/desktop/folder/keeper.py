"""Reviews on a thread of their own: read and kept from the window's thread, which never waits for the disk."""

import gc
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from app.desktop.background import Background
from app.folder.album import Album, Entry
from app.folder.reviews import Reviews, Shown
from app.inputs.picture_files import Listing

Result = TypeVar("Result")


class ReviewKeeper(QObject):
    """`noted`: a sentence for the user."""

    noted = Signal(str)

    def __init__(self, file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = Background("reviews", self)
        self._reviews: Reviews | None = None  # the thread's alone
        self._thread.run(partial(self._begin, file), self._begun, self._explain)

    def last_shown(self, done: Callable[[Shown], None]) -> None:
        self._thread.run(lambda: self._kept.last_shown(), done, self._explain)

    def open(self, shown: Shown, done: Callable[[tuple[Album, Listing]], None]) -> int:
        """List the pictures with what is known of them; a number for `forget`."""
        return self._thread.run(lambda: self._open(shown), done, self._explain)

    def remember(self, shown: Shown) -> None:
        """Begin with this the next time."""
        self._thread.run(lambda: self._kept.remember(shown), failed=self._explain)

    def forget(self, number: int) -> None:
        self._thread.forget(number)

    def keep(self, task: str, entries: Sequence[Entry]) -> None:
        if entries:
            self._thread.run(lambda: self._kept.keep(task, entries), failed=self._explain)

    def run(
        self, work: Callable[[], Result], done: Callable[[Result], None], failed: Callable[[Exception], None]
    ) -> None:
        """Other work with files, after what is to be kept."""
        self._thread.run(work, done, failed)

    def close(self) -> None:
        """What was to be kept still is; the thread ends by itself after it."""
        self._thread.run(lambda: self._kept.close())
        self._thread.close(finish=True)

    @property
    def _kept(self) -> Reviews:
        assert self._reviews is not None, "it is opened first"
        return self._reviews

    def _begin(self, file: Path) -> str:
        self._reviews = Reviews(file)
        return self._reviews.trouble or ""

    def _begun(self, trouble: str) -> None:
        if trouble:
            self.noted.emit(trouble)

    def _open(self, shown: Shown) -> tuple[Album, Listing]:
        self._kept.remember(shown)
        entries, listing = self._kept.open(shown)
        album = Album(entries)
        gc.freeze()  # else each full collection, which stops every thread, goes through its thousands of entries again
        return album, listing

    def _explain(self, error: Exception) -> None:
        self.noted.emit(str(error) or type(error).__name__)
