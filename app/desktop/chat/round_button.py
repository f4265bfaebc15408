"""The round button that sends a question or stops an answer, filled with the palette's highlight."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QWidget

from app.desktop.theme.icons import pixmap

SIDE, ICON = 30, 18
Role, Group = QPalette.ColorRole, QPalette.ColorGroup


class RoundButton(QAbstractButton):
    """Grey while it is disabled; a ring of the accent shows the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(SIDE, SIDE)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._icon = ""

    def show_icon(self, name: str) -> None:
        self._icon = name
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, palette = QPainter(self), self.palette()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(Group.Active, Role.Highlight if self.isEnabled() else Role.Midlight))
        if self.isDown():
            painter.setOpacity(0.8)
        painter.drawEllipse(area.adjusted(2, 2, -2, -2) if self.hasFocus() else area)
        ink = palette.color(Group.Active, Role.HighlightedText if self.isEnabled() else Role.PlaceholderText)
        inset = (SIDE - ICON) // 2
        painter.drawPixmap(inset, inset, pixmap(self._icon, ink, ICON, self.devicePixelRatioF()))
        if self.hasFocus():
            painter.setPen(QPen(palette.color(Role.Accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(area)
