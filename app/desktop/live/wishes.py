""" "Tell me when …": a line to write a wish in, and below it each wish with a way to take it back."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from app.desktop.theme.icons import give_icon

MOST = 5  # each costs a question of its own for every frame that has changed


class Wishes(QWidget):
    """Says what is wished and what no more; holds the wishes in their order."""

    added = Signal(str)
    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edit = QLineEdit()
        self.edit.setAccessibleName("Tell me when")
        self.edit.setToolTip("What you want to be told, in plain words; Enter adds it")
        self.edit.setPlaceholderText("a dog, or: the kettle boils")
        self.edit.returnPressed.connect(self.add)
        self._add = QToolButton()
        self._add.setAccessibleName("Add")
        self._add.setToolTip("Add (Enter)")
        self._add.setAutoRaise(True)
        self._add.clicked.connect(self.add)
        give_icon(self._add, "new")
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.edit, 1)
        line.addWidget(self._add)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addLayout(line)
        self._rows: list[QWidget] = []

    def add(self) -> None:
        wish = " ".join(self.edit.text().split())
        if not wish or len(self._rows) >= MOST:
            return
        self.edit.clear()
        row, label, remove = QWidget(), QLabel(wish), QToolButton()
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setAccessibleName(f"Tells you when: {wish}")
        remove.setAutoRaise(True)
        remove.setAccessibleName(f"Remove {wish}")
        remove.setToolTip("Tell me no more")
        remove.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        remove.clicked.connect(lambda: self._remove(row))
        give_icon(remove, "close", QPalette.ColorRole.PlaceholderText)
        line = QHBoxLayout(row)
        line.setContentsMargins(4, 0, 0, 0)
        line.addWidget(label, 1)
        line.addWidget(remove)
        self._rows.append(row)
        self._column.addWidget(row)
        self._allow()
        self.added.emit(wish)

    def _remove(self, row: QWidget) -> None:
        place = self._rows.index(row)
        del self._rows[place]
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()
        self._allow()
        self.edit.setFocus()
        self.removed.emit(place)

    def _allow(self) -> None:
        self.edit.setEnabled(len(self._rows) < MOST)
        self._add.setEnabled(len(self._rows) < MOST)
