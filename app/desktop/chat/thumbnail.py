"""One attached picture or clip: click to look at it, its corner or Delete to remove it, drag or Ctrl-arrow to move."""

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QApplication, QToolButton, QWidget

from app.desktop.shown_medium import ShownMedium
from app.desktop.squares import square
from app.desktop.theme.icons import give_icon

SIDE = 60
Role = QPalette.ColorRole


class Thumbnail(QAbstractButton):
    """Says what the user does with it; where it stands is the row's business."""

    removed = Signal(object)
    moved = Signal(object, int)
    dragged_to = Signal(object, int)

    def __init__(self, medium: ShownMedium, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(SIDE, SIDE)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._pressed_at: QPoint | None = None
        remove = self._remove = QToolButton(self)
        remove.setObjectName("remove")
        remove.setGeometry(SIDE - 21, 3, 18, 18)
        remove.setIconSize(QSize(12, 12))
        remove.setToolTip("Remove")
        remove.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Delete does it from the keyboard
        remove.clicked.connect(lambda: self.removed.emit(self))
        give_icon(remove, "close")
        self.show_medium(medium)

    def show_medium(self, medium: ShownMedium) -> None:
        self.medium = medium
        self.setAccessibleName(medium.label)
        self.setToolTip(f"{medium.label}\nDrag to reorder")
        self._remove.setAccessibleName(f"Remove {medium.label}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, shape = QPainter(self), QPainterPath()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape.addRoundedRect(area, 8, 8)
        painter.setClipPath(shape)
        painter.drawPixmap(0, 0, square(self.medium.thumbnail, SIDE, self.devicePixelRatioF()))
        painter.setClipping(False)
        focused = self.hasFocus()
        painter.setPen(QPen(self.palette().color(Role.Accent if focused else Role.Mid), 2 if focused else 1))
        painter.drawPath(shape)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit(self)
        elif control and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.moved.emit(self, 1 if event.key() == Qt.Key.Key_Right else -1)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = event.position().toPoint()
        far = QApplication.startDragDistance()
        if self._pressed_at is not None and (here - self._pressed_at).manhattanLength() > far:
            self.dragged_to.emit(self, self.mapToParent(here).x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = None
        super().mouseReleaseEvent(event)
