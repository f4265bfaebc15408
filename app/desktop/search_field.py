"""A line to search in, with a looking glass; says what is sought once the typing rests."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QLineEdit, QToolButton, QWidget

from app.desktop.theme.icons import give_icon

TYPING_MS = 150


class SearchField(QLineEdit):
    """`sought` when other words are there; `name` is for screen readers, `placeholder` what an empty one shows."""

    sought = Signal()

    def __init__(self, placeholder: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(name)
        self.setClearButtonEnabled(True)
        glass = QAction(self)
        give_icon(glass, "search", QPalette.ColorRole.PlaceholderText)
        self.addAction(glass, QLineEdit.ActionPosition.LeadingPosition)
        for button, title in zip(self.findChildren(QToolButton), ("Clear the search", "Search"), strict=True):
            button.setAccessibleName(title)
            button.setToolTip(title)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self.sought)
        self.textChanged.connect(lambda: self._typing.start())

    @property
    def is_typing(self) -> bool:
        return self._typing.isActive()
