"""One choice out of a few in the toolbar: its menu, and what is chosen now."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from app.desktop.theme.icons import give_icon

Value = TypeVar("Value")


class ChoiceMenu(QObject, Generic[Value]):
    """`action` opens the choice; `chosen` when it has changed. `rows` are (value, title in the toolbar, meaning)."""

    chosen = Signal()

    def __init__(
        self, parent: QWidget, name: str, tip: str, icon: str, rows: Sequence[tuple[Value, str, str]], value: Value
    ) -> None:
        super().__init__(parent)
        self._name, self.value = name, value
        self._titles = {value: title for value, title, _ in rows}
        self.menu = QMenu(parent)
        self.menu.setToolTipsVisible(True)
        self.action = QAction(name, parent)
        self.action.setMenu(self.menu)
        self.action.setToolTip(tip)
        give_icon(self.action, icon)
        group = QActionGroup(self)
        self._rows: dict[Value, QAction] = {}
        for row_value, title, meaning in rows:
            row = self._rows[row_value] = QAction(f"{title}: {meaning[0].lower()}{meaning[1:]}", group, checkable=True)
            row.triggered.connect(lambda _, row_value=row_value: self.choose(row_value))
            self.menu.addAction(row)
        self.show_chosen(value)

    def choose(self, value: Value) -> None:
        self.show_chosen(value)
        self.chosen.emit()

    def show_chosen(self, value: Value) -> None:
        """This is the choice from now on; says nothing."""
        self.value = value
        self._rows[value].setChecked(True)
        self.action.setText(f"{self._name}: {self._titles[value]} ▾")
