"""What a person does to captions: marks of review, edits, replaced words, copies. What it replaces can be put back.

Works on the album that is shown, in slices, so that the window answers while thousands of captions change.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from app.desktop.announce import announce
from app.desktop.folder.filter_bar import FilterBar
from app.desktop.folder.grid import Grid
from app.desktop.folder.grid_model import GridModel
from app.desktop.folder.slices import Slices
from app.desktop.status_line import StatusLine
from app.folder.album import Album, Before, Entry


class Revising(QObject):
    """`edited` comes after a change that may be drawn later, `flush` draws and keeps at once."""

    edited = Signal()
    again_wanted = Signal()
    chat_wanted = Signal(Path)

    def __init__(
        self,
        grid: Grid,
        model: GridModel,
        filters: FilterBar,
        status: StatusLine,
        flush: Callable[[], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.album = Album()
        self.slices = Slices(self)
        self._grid, self._model, self._filters, self._status = grid, model, filters, status
        self._flush, self._section = flush, parent

    def edit(self, place: int, text: str) -> None:
        self.album.edit(place, text)
        self.edited.emit()

    def review(self) -> None:
        """Mark the chosen ones as reviewed, or take the marks away where all have one; then on to the next."""
        album, chosen = self.album, self._grid.chosen
        on = not all(album.entries[place].reviewed for place in chosen)
        row = self._grid.currentIndex().row()

        def go_on() -> None:
            self._flush()
            if on and len(chosen) == 1:
                stays = self._model.index_of(chosen[0]).isValid()
                self._grid.choose_row(row + 1 if stays else row)

        def mark(part: Sequence[int]) -> None:
            album.review(part, on)

        self.slices.do(chosen, mark, go_on)

    def replace_words(self) -> None:
        """In the chosen captions where several are chosen, else in all that are shown."""
        find, by = self._filters.words, self._filters.by.text()
        chosen = self._grid.chosen
        places = chosen if len(chosen) > 1 else self._model.places
        album, match_case = self.album, self._filters.match_case.isChecked()
        before: dict[int, Entry] = {}

        def replace_in(part: Sequence[int]) -> None:
            before.update(album.replace_words(part, find, by, match_case=match_case))

        def tell() -> None:
            self._flush()
            if before:
                self.offer_undo(f"“{find}” was replaced in {captions(len(before))}.", before)
            else:
                self._status.say(f"No caption has “{find}” in it." if find else "Write what to find first.")

        self.slices.do(list(places), replace_in, tell)

    def offer_undo(self, sentence: str, before: Before) -> None:
        """Say what was done, beside a button that puts these entries back."""
        album = self.album

        def put_back(part: Sequence[int]) -> None:
            album.put_back({place: before[place] for place in part})

        self._status.say(sentence, "Undo", lambda: self.slices.do(list(before), put_back, self._flush))

    def copy(self) -> None:
        texts = [self.album.entries[place].text for place in self._grid.chosen]
        QGuiApplication.clipboard().setText("\n".join(filter(None, texts)))
        announce(self._section, "Copied.")

    def menu(self) -> QMenu:
        """What can be done with the chosen pictures."""
        menu, chosen = QMenu(self._section), [self.album.entries[place] for place in self._grid.chosen]
        first = chosen[0].path
        marked = all(entry.reviewed for entry in chosen)
        menu.addAction("Edit caption").triggered.connect(lambda: self._grid.edit(self._grid.currentIndex()))
        menu.addAction("Mark as not reviewed" if marked else "Mark as reviewed").triggered.connect(self.review)
        menu.addAction("Describe again").triggered.connect(self.again_wanted)
        menu.addAction("Copy captions" if len(chosen) > 1 else "Copy caption").triggered.connect(self.copy)
        menu.addSeparator()
        menu.addAction("Ask in chat").triggered.connect(lambda: self.chat_wanted.emit(first))
        return menu


def captions(count: int) -> str:
    return "one caption" if count == 1 else f"{count:,} captions"
