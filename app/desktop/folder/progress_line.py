"""The line below the grid: how far a run is, or how many of the pictures have captions."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.desktop.folder.run import FolderRun
from app.desktop.theme.icons import give_icon
from app.folder.album import Album

Role = QPalette.ColorRole


class ProgressLine(QWidget):
    """Shows what it is told."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(Role.Window)
        self.label = QLabel()
        self.label.setAccessibleName("Progress")
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setForegroundRole(Role.PlaceholderText)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        # Its room stays: where it came and went, everything above it would be laid out and drawn anew.
        keeps_room = self.bar.sizePolicy()
        keeps_room.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(keeps_room)
        self.bar.setAccessibleName("Progress")
        self.review = _button("Mark reviewed", "check", "Mark the chosen captions as reviewed, or as not (Space)")
        self.again = _button("Describe again", "again", "Ask about the chosen pictures again (Ctrl+Shift+R)")
        row = QHBoxLayout()
        row.setContentsMargins(16, 4, 16, 7)
        row.setSpacing(12)
        row.addWidget(self.label, 1)
        row.addWidget(self.review)
        row.addWidget(self.again)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addLayout(row)

    def show_state(self, album: Album, run: FolderRun, shown: int) -> None:
        self.bar.setVisible(run.is_running)
        self.bar.setUpdatesEnabled(False)  # another value would draw the whole window at once
        self.bar.setRange(0, run.total)
        self.bar.setValue(run.done)
        self.bar.setUpdatesEnabled(True)
        if run.is_running:
            parts = [run.status, f"{run.done:,} of {run.total:,}", run.pace if run.status == "Describing" else ""]
        else:
            count = len(album)
            of_all = f"{shown:,} of " if shown != count else ""
            parts = [f"{of_all}{count:,} {'picture' if count == 1 else 'pictures'}", f"{album.described:,} described"]
            parts += [f"{album.counts['reviewed']:,} reviewed"] if album.counts["reviewed"] else []
        self.label.setText(" · ".join(filter(None, parts)))


def _button(title: str, icon: str, tip: str) -> QPushButton:
    button = QPushButton(title)
    button.setAccessibleName(title)
    button.setToolTip(tip)
    give_icon(button, icon)
    return button
