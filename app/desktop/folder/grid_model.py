"""An album as Qt's model/view wants it: the entries that a filter lets through, changed row by row.

Rows are counted by a model of Qt's own, since a view asks for each of 10,000 when it lays them out: in Python each
answer would wait for whatever thread is busy there.
"""

from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QStringListModel, Qt, Signal
from PySide6.QtGui import QPixmap

from app.desktop.folder.thumbnail_loader import ThumbnailLoader
from app.folder.album import Album, Entry, Kind

MOST_LOOKED_AT = 1000  # changes that are looked at one by one
MOST_DRAWN = 64  # changed rows that are drawn one by one
MOST_MOVES = 100  # rows that come and go one by one; beyond it the list is made anew
Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole


class GridModel(QStringListModel):
    """A row is a place in the album. `edited` brings a place and the words that were written there."""

    edited = Signal(int, str)

    def __init__(self, loader: ThumbnailLoader) -> None:
        super().__init__()
        self._loader = loader
        self._album = Album()
        self._rows: list[int] = []
        self._kind: Kind = "all"
        self._words = ""
        loader.loaded.connect(self._show_thumbnail)

    @property
    def places(self) -> list[int]:
        """What is shown, in its order."""
        return self._rows

    def show_album(self, album: Album) -> None:
        self._album, self._rows = album, []
        self._fill()

    def show_only(self, kind: Kind, words: str) -> None:
        if (kind, words) != (self._kind, self._words):
            self._kind, self._words = kind, words
            self._fill()

    def refresh(self, changed: Iterable[int]) -> None:
        """These entries have others in their place: each comes, goes or is drawn anew."""
        places = sorted(changed)
        if len(places) > MOST_LOOKED_AT:
            self._fill()
            return
        stay, come, go = [], [], []
        for place in places:
            is_wanted, is_there = self._album.is_wanted(place, self._kind, self._words), self._has(place)
            if is_wanted and is_there:
                stay.append(place)
            elif is_wanted:
                come.append(place)
            elif is_there:
                go.append(place)
        if len(come) + len(go) > MOST_MOVES:
            self._fill()
            return
        for place in go:
            row = bisect_left(self._rows, place)
            del self._rows[row]
            self.removeRow(row)
        for place in come:
            row = bisect_left(self._rows, place)
            self._rows.insert(row, place)
            self.insertRow(row)
        rows = [bisect_left(self._rows, place) for place in stay]
        if len(rows) > MOST_DRAWN:
            rows = [rows[0], rows[-1]]
            self.dataChanged.emit(*map(self.index, rows), [Role.DisplayRole])
            return
        for row in rows:  # a view draws one row where it is, but for several all that it shows
            self.dataChanged.emit(index := self.index(row), index, [Role.DisplayRole])

    def place(self, index: Index) -> int | None:
        return self._rows[index.row()] if index.isValid() and index.row() < len(self._rows) else None

    def index_of(self, place: int) -> QModelIndex:
        return self.index(bisect_left(self._rows, place)) if self._has(place) else QModelIndex()

    def entry(self, index: Index) -> Entry:
        return self._album.entries[self._rows[index.row()]]

    def waits(self, index: Index) -> bool:
        """Whether it is still to be described."""
        return self._rows[index.row()] in self._album.waiting

    def thumbnail(self, index: Index) -> QPixmap | None:
        """Its picture; None while that is being made, a null one where there is none."""
        return self._loader.get(self.entry(index).path)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if self.place(index) is None:
            return None
        entry = self.entry(index)
        match role:
            case Role.DisplayRole | Role.EditRole:
                return entry.text
            case Role.ToolTipRole:
                return "\n".join(filter(None, (entry.path.name, entry.text, entry.note)))
            case Role.AccessibleTextRole:
                return spoken(entry, waits=self.waits(index))
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        if (place := self.place(index)) is None or role != Role.EditRole:
            return False
        self.edited.emit(place, str(value))
        return True

    def _fill(self) -> None:
        """Made anew; where the same rows stay they are drawn anew, and what is chosen stays chosen."""
        rows = self._album.wanted(self._kind, self._words)
        if rows and rows == self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1), [Role.DisplayRole])
        else:
            self._rows = rows
            self.setStringList([""] * len(rows))

    def _has(self, place: int) -> bool:
        row = bisect_left(self._rows, place)
        return row < len(self._rows) and self._rows[row] == place

    def _show_thumbnail(self, path: Path) -> None:
        if (place := self._album.place_of(path)) is not None and (index := self.index_of(place)).isValid():
            self.dataChanged.emit(index, index, [Role.DecorationRole])


def spoken(entry: Entry, *, waits: bool) -> str:
    """A picture and its caption for a screen reader."""
    state = "waiting" if waits else "reviewed" if entry.reviewed else "" if entry.has_caption else "no caption yet"
    return ". ".join(filter(None, (entry.path.name, entry.text, entry.note, state)))
