"""Which captions are shown: chips for what to look at, words to look for, and other words to put in their place."""

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop.chat.chip import Chip
from app.desktop.flow_layout import FlowLayout
from app.desktop.search_field import SearchField
from app.folder.album import Kind

LINE, FIELD = 28, 200  # pixels: height and width of what is typed into
# The title of each chip, and what it lets through.
CHIPS: dict[Kind, tuple[str, str]] = {
    "all": ("All", "Every picture"),
    "unreviewed": ("Unreviewed", "Captions that nobody has looked at"),
    "reviewed": ("Reviewed", "Captions that were edited or marked as reviewed"),
    "repeated": ("Repeated", "Captions in which the model went round in a circle"),
    "blank": ("Blank", "Pictures of one colour; the model was not asked"),
    "failed": ("Failed", "Pictures that could not be described"),
}


class FilterBar(QWidget):
    """Says what is to be shown and what is to be replaced; shows and replaces nothing.

    `search` and `more` stand beside the folders' names, since they fit there.
    """

    changed = Signal()
    replace_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind: Kind = "all"
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self.chips: dict[Kind, Chip] = {}
        chip_row = QWidget()
        chips = FlowLayout(chip_row, 6)
        for kind, (title, tip) in CHIPS.items():
            chip = self.chips[kind] = Chip(title)
            chip.setCheckable(True)
            chip.setToolTip(tip)
            chip.clicked.connect(lambda _, kind=kind: self.choose(kind))
            self._group.addButton(chip)
            chips.addWidget(chip)
        self.chips["all"].setChecked(True)
        self.search = SearchField("Find in captions", "Find in captions")
        self.search.setToolTip("Show those alone that have these words (Ctrl+Shift+F)")
        self.search.setMinimumHeight(LINE)
        self.search.setFixedWidth(FIELD)
        self.more = QPushButton("Replace…")
        self.more.setCheckable(True)
        self.more.setAccessibleName("Find and replace")
        self.more.setToolTip("Put other words in the place of those that were found")
        self.more.toggled.connect(self._show_replacing)
        self.by = QLineEdit()
        self.by.setPlaceholderText("Replace with")
        self.by.setAccessibleName("Replace with")
        self.by.setToolTip("What stands in their place; nothing takes them out")
        self.by.setMinimumHeight(LINE)
        self.by.returnPressed.connect(self.replace_wanted)
        self.match_case = QCheckBox("Match case")
        self.match_case.setAccessibleName("Match case")
        self.match_case.setToolTip("“boat” does not find “Boat”")
        self.replace = QPushButton("Replace")
        self.replace.setAccessibleName("Replace in the shown captions")
        self.replace.setToolTip("In the chosen captions where several are chosen, else in all that are shown")
        self.replace.clicked.connect(self.replace_wanted)
        self.replacing = QWidget()
        second = QHBoxLayout(self.replacing)
        second.setContentsMargins(0, 0, 0, 0)
        second.setSpacing(8)
        second.addStretch(1)
        second.addWidget(self.match_case)
        second.addWidget(self.by)
        second.addWidget(self.replace)
        self.by.setFixedWidth(FIELD)
        self.replacing.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(8)
        column.addWidget(chip_row)
        column.addWidget(self.replacing)
        self.search.sought.connect(self.changed)

    @property
    def words(self) -> str:
        return self.search.text()

    def choose(self, kind: Kind) -> None:
        self.kind = kind
        self.chips[kind].setChecked(True)
        self.changed.emit()

    def show_counts(self, counts: Mapping[Kind, int]) -> None:
        for kind, (title, _) in CHIPS.items():
            text = f"{title} {counts[kind]:,}" if counts[kind] else title
            if self.chips[kind].text() != text:
                self.chips[kind].setText(text)
                self.chips[kind].setAccessibleName(text)
                self.chips[kind].updateGeometry()

    def _show_replacing(self, shown: bool) -> None:
        self.replacing.setVisible(shown)
        (self.search if shown else self.more).setFocus()
