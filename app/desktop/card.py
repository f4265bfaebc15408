"""A rounded field in a colour of the palette, with or without a line around it."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QFrame, QWidget

Role = QPalette.ColorRole


class Card(QFrame):
    """Fills itself with the role `fill` and, where `line` names one, draws an outline."""

    def __init__(
        self,
        fill: Role = Role.AlternateBase,
        line: Role | None = None,
        *,
        radius: float = 12,
        dashed: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._fill, self._line, self._radius, self._dashed = fill, line, radius, dashed

    def outline(self, line: Role | None) -> None:
        self._line = line
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self.palette().color(self._fill))
        if self._line is None:
            painter.setPen(Qt.PenStyle.NoPen)
        else:
            style = Qt.PenStyle.DashLine if self._dashed else Qt.PenStyle.SolidLine
            painter.setPen(QPen(self.palette().color(self._line), 1.5 if self._dashed else 1, style))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), self._radius, self._radius)
