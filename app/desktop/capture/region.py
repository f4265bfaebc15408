"""A part of the screen, chosen on a still picture of it by a rubber band or by keys."""

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QScreen
from PySide6.QtWidgets import QWidget

STEP = 20
SMALLEST = 16
SHADE = 0.45
HINT = "Drag a rectangle, or move it with the arrows and size it with Shift. Enter {does}, Esc cancels."


class RegionChooser(QWidget):
    """Covers the screen until a part of it is `chosen`, in the screen's logical pixels, or Esc closes it.

    `does` says what Enter does with it.
    """

    chosen = Signal(QScreen, QRect)
    cancelled = Signal()

    def __init__(self, screen: QScreen, picture: QImage, does: str = "watches it") -> None:
        super().__init__(None, Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)  # the window may be hidden meanwhile
        self.setAccessibleName("Choose a part of the screen")
        self._hint = HINT.format(does=does)
        self.setAccessibleDescription(self._hint)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._on, self._picture = screen, picture
        self.setGeometry(screen.geometry())
        size = screen.size()
        self.area = QRect(size.width() // 4, size.height() // 4, size.width() // 2, size.height() // 2)
        self._from: QPoint | None = None

    def picture_of(self, area: QRect) -> QImage:
        """The screen's own pixels in `area`."""
        across, down = (
            self._picture.width() / self._on.size().width(),
            self._picture.height() / self._on.size().height(),
        )
        left, top = round(area.x() * across), round(area.y() * down)
        right, bottom = round((area.x() + area.width()) * across), round((area.y() + area.height()) * down)
        part = self._picture.copy(left, top, max(right - left, 1), max(bottom - top, 1))
        part.setDevicePixelRatio(1.0)
        return part

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, palette = QPainter(self), self.palette()
        painter.drawImage(self.rect(), self._picture)
        shade = palette.color(QPalette.ColorRole.ToolTipText)
        shade.setAlphaF(SHADE)
        painter.fillRect(self.rect(), shade)
        ratio = self._picture.width() / max(self.width(), 1)
        part = QRect(self.area.topLeft() * ratio, self.area.size() * ratio)
        painter.drawImage(self.area, self._picture, part)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Accent), 2))
        painter.drawRect(self.area)
        words = painter.fontMetrics().boundingRect(self._hint).adjusted(-14, -8, 14, 8)
        words.moveCenter(QPoint(self.width() // 2, 40))
        painter.setBrush(palette.color(QPalette.ColorRole.ToolTipBase))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(words, 8, 8)
        painter.setPen(palette.color(QPalette.ColorRole.ToolTipText))
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self._hint)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._from = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            self.area = QRect(self._from, event.position().toPoint()).normalized().intersected(self.rect())
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._from is not None and min(self.area.width(), self.area.height()) >= SMALLEST:
            self._choose()
        self._from = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
            self.close()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        elif step := steps.get(Qt.Key(event.key())):
            x, y = step[0] * STEP, step[1] * STEP
            sizes = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            moved = self.area.adjusted(0, 0, x, y) if sizes else self.area.translated(x, y)
            if self.rect().contains(moved) and min(moved.width(), moved.height()) >= SMALLEST:
                self.area = moved
                self.update()
        else:
            super().keyPressEvent(event)

    def _choose(self) -> None:
        self.chosen.emit(self._on, self.area)
        self.close()
