"""What was talked about before: found by a word, opened by a click; renamed, pinned, exported, deleted by its menu."""

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFrame,
    QLabel,
    QListView,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from app.desktop.history.entries import Entries, EntryDelegate
from app.desktop.history.keeper import HistoryKeeper
from app.desktop.search_field import SearchField
from app.desktop.status_line import StatusLine
from app.desktop.theme.text_size import sized
from app.history import Entry


class EntryView(QListView):
    """Delete deletes, Enter opens."""

    delete_wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Delete) or event.key() == Qt.Key.Key_Backspace:
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)


class HistoryList(QWidget):
    """`chosen` has a conversation's id, `gone` that of one that was thrown away."""

    chosen = Signal(str)
    gone = Signal(str)

    def __init__(self, keeper: HistoryKeeper, status: StatusLine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keeper, self._status = keeper, status
        self._shown = ""
        self.entries = Entries()
        self.entries.renamed.connect(keeper.rename)
        self.view = EntryView()
        self.view.setAccessibleName("History")
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setModel(self.entries)
        self.view.setItemDelegate(EntryDelegate(self.entries))
        self.view.setMouseTracking(True)
        self.view.setUniformItemSizes(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._offer)
        self.view.clicked.connect(self._choose)
        self.view.activated.connect(self._choose)
        self.view.delete_wanted.connect(self.delete)
        self.search = SearchField("Search", "Search the history")
        self._nothing = QLabel()
        self._nothing.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self._nothing.setWordWrap(True)
        self._nothing.setContentsMargins(8, 12, 8, 0)
        header = QLabel("History")
        header.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        header.setContentsMargins(6, 0, 0, 0)
        header.setFont(sized(header.font(), 0.85, bold=True))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(6)
        column.addWidget(header)
        column.addWidget(self.view, 1)
        column.addWidget(self._nothing, 1)
        column.addWidget(self.search)
        self.search.sought.connect(self.refresh)
        keeper.changed.connect(self.refresh)
        self._show([])

    def refresh(self) -> None:
        self._keeper.entries(self.search.text(), self._show)

    def mark(self, key: str) -> None:
        """This conversation is the one that is shown."""
        self._shown = key
        self.view.setCurrentIndex(self.entries.place_of(key))

    def actions_for(self, entry: Entry) -> QMenu:
        """What can be done with one."""
        menu = QMenu(self)
        menu.addAction("Rename").triggered.connect(lambda: self.view.edit(self.entries.place_of(entry.id)))
        pin = "Unpin" if entry.pinned else "Pin"
        menu.addAction(pin).triggered.connect(lambda: self._keeper.pin(entry.id, not entry.pinned))
        menu.addAction("Export…").triggered.connect(lambda: self._export(entry))
        menu.addSeparator()
        menu.addAction("Delete").triggered.connect(lambda: self._delete(entry))
        return menu

    def delete(self) -> None:
        """Throw away the one that is marked; a line offers to take that back."""
        if (entry := self.entries.entry(self.view.currentIndex())) is not None:
            self._delete(entry)

    def import_conversation(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Import a conversation", "", "Conversations (conversation.json)")
        if name:
            self._keeper.import_from(Path(name), self.chosen.emit)

    def _show(self, entries: list[Entry]) -> None:
        self.entries.show_entries(entries)
        self.view.setVisible(bool(entries))
        searching = bool(self.search.text().strip())
        self._nothing.setText("Nothing found" if searching else "Your chats will be listed here")
        self._nothing.setVisible(not entries)
        self.mark(self._shown)

    def _choose(self, index: QModelIndex) -> None:
        if (entry := self.entries.entry(index)) is not None:
            self.chosen.emit(entry.id)

    def _offer(self, where: QPoint) -> None:
        if (entry := self.entries.entry(self.view.indexAt(where))) is not None:
            self.actions_for(entry).popup(self.view.viewport().mapToGlobal(where))

    def _delete(self, entry: Entry) -> None:
        self._keeper.throw_away(entry.id)
        self.gone.emit(entry.id)
        self._status.say(f"“{entry.title}” was deleted.", "Undo", lambda: self._keeper.take_back(entry.id))

    def _export(self, entry: Entry) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export as a folder", entry.title.replace("/", "-"))
        if name:
            self._keeper.export(entry.id, Path(name))
