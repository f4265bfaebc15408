"""What the Folder section shows before there is a folder: what it is for, and how to begin."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from app.desktop.card import Card
from app.desktop.theme.icon_label import IconLabel
from app.desktop.theme.icons import give_icon
from app.desktop.theme.text_size import sized

Role = QPalette.ColorRole
WIDTH = 620
ABOUT = "Each picture gets a caption to check, edit and write beside it.\nStop at any time: what was described is kept."


class EmptyState(QWidget):
    """Says that a folder is wanted."""

    choose_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(Role.Base)
        self._drop = Card(Role.Base, Role.Mid, radius=18, dashed=True)
        self._drop.setMinimumWidth(WIDTH)
        title = QLabel("Drop a folder of pictures here")
        title.setFont(sized(title.font(), 1.6, bold=True))
        about = QLabel(ABOUT)
        about.setForegroundRole(Role.PlaceholderText)
        about.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.choose = QPushButton("Choose folder…")
        self.choose.setAccessibleName("Choose folder")
        self.choose.setToolTip("Choose a folder whose pictures are to be described")
        self.choose.setMinimumSize(150, 32)
        self.choose.clicked.connect(self.choose_wanted)
        give_icon(self.choose, "folder")
        centre = Qt.AlignmentFlag.AlignHCenter
        column = QVBoxLayout(self._drop)
        column.setContentsMargins(48, 30, 48, 28)
        column.setSpacing(8)
        column.addWidget(IconLabel("folder", 52, Role.Accent), 0, centre)
        column.addWidget(title, 0, centre)
        column.addWidget(about)
        column.addSpacing(10)
        column.addWidget(self.choose, 0, centre)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addWidget(self._drop, 0, centre)
        outer.addStretch(3)

    def light_up(self, on: bool) -> None:
        """Something is held over the section that can be dropped."""
        self._drop.outline(Role.Accent if on else Role.Mid)
