"""Which folders are shown, and whether those below them are."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.desktop.theme.icon_label import IconLabel
from app.terminal import one_line

MOST_NAMED = 3


class SourcesBar(QWidget):
    """`changed` when the user wants folders below, or no more. `beside` stands at the right."""

    changed = Signal()

    def __init__(self, beside: Sequence[QWidget] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel()
        self._label.setAccessibleName("Folders")
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        font = self._label.font()
        font.setBold(True)
        self._label.setFont(font)
        self.recursive = QCheckBox("Folders below, too")
        self.recursive.setAccessibleName("Folders below, too")
        self.recursive.setToolTip("Show the pictures of every folder below these")
        self.recursive.clicked.connect(self.changed)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 16, 0)
        row.setSpacing(10)
        row.addWidget(IconLabel("folder", 18, QPalette.ColorRole.PlaceholderText))
        row.addWidget(self._label, 1)
        for widget in (self.recursive, *beside):
            row.addWidget(widget)

    def show_sources(self, sources: Sequence[Path], *, recursive: bool) -> None:
        self._label.setText(named(sources))
        self._label.setToolTip("\n".join(one_line(str(path)) for path in sources))
        self.recursive.setChecked(recursive)


def named(sources: Sequence[Path]) -> str:
    """The folders' names, some of many."""
    names = [one_line(path.name or str(path)) for path in sources[:MOST_NAMED]]
    more = len(sources) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")
