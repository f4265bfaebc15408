"""What a chat shows before there is anything in it: how to begin, samples to try, and what the model here can do."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPalette, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

import assets
from app.desktop.card import Card
from app.desktop.scroll_area import ScrollArea
from app.desktop.theme.icon_label import IconLabel
from app.desktop.theme.icons import give_icon
from app.desktop.theme.text_size import sized
from app.shelf import Known
from app.shelf.facts import cost

Role = QPalette.ColorRole
SAMPLE = 84
WIDTH = 620
ROOM_FOR_PICTURE = 520


class EmptyState(ScrollArea):
    """Says what the user wants to begin with. Scrolls where the window is low or the text large."""

    open_wanted = Signal()
    paste_wanted = Signal()
    sample_chosen = Signal(object)
    model_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("How to begin", parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._drop = Card(Role.Base, Role.Mid, radius=18, dashed=True)
        self._drop.setMaximumWidth(WIDTH)
        column = self._drop_column = QVBoxLayout(self._drop)
        column.setSpacing(8)
        self._picture = IconLabel("open", 52, Role.Accent)
        title = QLabel("Drop a picture or a clip here")
        title.setFont(sized(title.font(), 1.6, bold=True))
        about = _quiet("Then ask about it. Nothing you show leaves this machine.")
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        open_button, paste_button = QPushButton("Open…"), QPushButton("Paste")
        open_button.setDefault(True)
        buttons.addStretch(1)
        for button, name, wanted in (
            (open_button, "open", self.open_wanted),
            (paste_button, "paste", self.paste_wanted),
        ):
            button.setAccessibleName(button.text())
            button.setMinimumSize(110, 32)
            button.clicked.connect(wanted)
            give_icon(button, name)
            buttons.addWidget(button)
        buttons.addStretch(1)
        centre = Qt.AlignmentFlag.AlignHCenter
        column.addWidget(self._picture, 0, centre)
        column.addWidget(title, 0, centre)
        column.addWidget(about, 0, centre)
        column.addSpacing(10)
        column.addLayout(buttons)

        self._notice = _quiet("")
        self._notice.setAlignment(centre)
        self._offer: Known | None = None
        self._more = QPushButton()
        self._more.setMinimumHeight(32)
        self._more.clicked.connect(self._want_model)
        self._more.hide()
        give_icon(self._more, "download")
        below = QVBoxLayout()
        below.setSpacing(14)
        below.addWidget(_quiet("Or try one of these"), 0, centre)
        below.addLayout(self._samples())
        below.addSpacing(6)
        below.addWidget(self._notice)
        below.addWidget(self._more, 0, centre)
        inner = QWidget()
        inner.setMaximumWidth(WIDTH)
        stack = self._stack = QVBoxLayout(inner)
        stack.setContentsMargins(24, 0, 24, 0)
        stack.addStretch(2)
        stack.addWidget(self._drop)
        stack.addLayout(below)
        stack.addStretch(3)
        page = QWidget()
        page.setBackgroundRole(Role.Base)
        row = QHBoxLayout(page)
        row.addStretch(1)
        row.addWidget(inner, 100)
        row.addStretch(1)
        self.setWidget(page)

    def show_notice(self, notice: str | None, offer: Known | None) -> None:
        """What the chosen model does not know, and one that knows more, with what it costs."""
        self._notice.setText(notice or "")
        self._notice.setVisible(bool(notice))
        self._offer = offer
        self._more.setVisible(bool(notice) and offer is not None)
        if offer is not None:
            title = offer.hub_id.rpartition("/")[2]
            self._more.setText(f"Download {title} ({cost(offer)})")
            self._more.setAccessibleName(self._more.text())
            self._more.setToolTip(f"For {offer.about}, from {offer.hub_id}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        has_room = event.size().height() >= ROOM_FOR_PICTURE
        self._picture.setVisible(has_room)
        margin = 30 if has_room else 16
        self._drop_column.setContentsMargins(32, margin, 32, margin)
        self._stack.setSpacing(22 if has_room else 12)

    def _want_model(self) -> None:
        if self._offer is not None:
            self.model_wanted.emit(self._offer.hub_id)

    def light_up(self, on: bool) -> None:
        """Something is held over the window that can be dropped."""
        self._drop.outline(Role.Accent if on else Role.Mid)

    def _samples(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        for place, path in enumerate(sorted(assets.path("samples").glob("*.png")), 1):
            button = QToolButton()
            button.setAutoRaise(True)
            button.setIcon(QIcon(QPixmap(str(path))))
            button.setIconSize(QSize(SAMPLE, SAMPLE))
            button.setAccessibleName(f"Sample picture {place}")
            button.setToolTip("Open this sample")
            button.clicked.connect(lambda _, path=path: self.sample_chosen.emit(path))
            row.addWidget(button)
        row.addStretch(1)
        return row


def _quiet(text: str) -> QLabel:
    label = QLabel(text)
    label.setForegroundRole(Role.PlaceholderText)
    label.setWordWrap(len(text) > 60 or not text)
    return label
