"""An icon that is only looked at, in the colour that its palette role has at the moment."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from app.desktop.theme.icons import pixmap


class IconLabel(QWidget):
    """`side` logical pixels square."""

    def __init__(self, name: str, side: int, role: QPalette.ColorRole, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._side, self._role = name, side, role
        self.setFixedSize(QSize(side, side))

    def paintEvent(self, event: QPaintEvent) -> None:
        colour = self.palette().color(self._role)
        QPainter(self).drawPixmap(0, 0, pixmap(self._name, colour, self._side, self.devicePixelRatioF()))
