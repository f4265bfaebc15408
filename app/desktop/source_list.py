"""The list at the left: a new chat, the sections, and below them what the history adds."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from app.desktop.history.history_list import HistoryList
from app.desktop.sections import SectionRow
from app.desktop.theme.icons import give_icon, icon

ROW_HEIGHT = 32
NAME = Qt.ItemDataRole.UserRole


class SourceList(QFrame):
    """Shows which section is chosen; says what the user chooses."""

    new_chat_wanted = Signal()
    section_chosen = Signal(str)

    def __init__(self, rows: Sequence[SectionRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("source_list")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Window)
        self.setMinimumWidth(180)
        self._rows = rows
        self.listed: HistoryList | None = None
        new_chat = QPushButton("New chat")
        new_chat.setAccessibleName("New chat")
        new_chat.setToolTip("Begin a new chat")
        new_chat.clicked.connect(self.new_chat_wanted)
        give_icon(new_chat, "new")
        self._list = QListWidget()
        self._list.setAccessibleName("Sections")
        self._list.setIconSize(QSize(20, 20))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for row in rows:
            item = QListWidgetItem(icon(row.icon), row.title)
            item.setData(NAME, row.name)
            self._list.addItem(item)
        self._new_chat = new_chat
        self._fit()
        self._list.currentItemChanged.connect(self._choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(10)
        column.addWidget(new_chat)
        column.addWidget(self._list)
        self._column = column
        column.addStretch(1)

    def add_history(self, listed: HistoryList) -> None:
        """Give the rest of the height to the history."""
        self.listed = listed
        self._column.takeAt(self._column.count() - 1)
        self._column.addWidget(listed, 1)

    def show_section(self, name: str) -> None:
        """Mark a section as the one that is shown."""
        place = next(place for place, row in enumerate(self._rows) if row.name == name)
        self._list.blockSignals(True)
        self._list.setCurrentRow(place)
        self._list.blockSignals(False)

    def _fit(self) -> None:
        """Rows as high as the text asks for."""
        high = max(ROW_HEIGHT, self.fontMetrics().lineSpacing() + 14)
        self._new_chat.setMinimumHeight(high)
        self._list.setFixedHeight(high * len(self._rows) + 8)
        for place in range(len(self._rows)):
            self._list.item(place).setSizeHint(QSize(0, high))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_new_chat"):
            self._fit()
        for place, row in enumerate(self._rows if hasattr(self, "_list") else ()):
            self._list.item(place).setIcon(icon(row.icon))

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.section_chosen.emit(item.data(NAME))
