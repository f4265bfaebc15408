"""Chips above the question: the tasks of the task file, each one click away."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from app.asking.tasks import tasks
from app.desktop.chat.chip import Chip
from app.desktop.flow_layout import FlowLayout

# What each task is called here, in this order; the document models' task is asked for elsewhere.
TITLES = {
    "caption": "Describe",
    "short": "In a few words",
    "alt": "Alt text",
    "text": "Read text",
    "tags": "List things",
    "screenshot": "Screenshot",
}


class Suggestions(QWidget):
    """Says which task was chosen."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = FlowLayout(self, spacing=6)
        self.chips: dict[str, QPushButton] = {}
        for name, title in TITLES.items():
            chip = Chip(title)
            chip.setToolTip(tasks()[name].question)
            chip.clicked.connect(lambda _, name=name: self.chosen.emit(name))
            self.chips[name] = chip
            row.addWidget(chip)
