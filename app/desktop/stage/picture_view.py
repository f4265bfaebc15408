"""A picture with zoom and pan, and over it the tiles that the model would see.

Wheel with Ctrl, pinch, or the keys + - 0 zoom; drag pans. Knows nothing of models: tiles are rows and columns.
"""

from enum import Enum

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsPixmapItem, QGraphicsScene, QGraphicsView, QWidget

STEP = 1.25
MOST_ZOOM = 16.0
MOST_FITTED = 2.0
SMALLEST_CROP = 8  # pixels of the picture: less was a click


class Hand(Enum):
    """What a drag does."""

    PANS = 1
    CUTS = 2


class PictureView(QGraphicsView):
    """Fits the picture into itself until the user zooms. `cut` is a rectangle in the picture, 0 to 1 on both axes."""

    cut = Signal(QRectF)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Picture")
        self.setAccessibleDescription("Plus and minus zoom, 0 fits, arrows pan")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setBackgroundRole(QPalette.ColorRole.Window)
        self.setBackgroundBrush(Qt.BrushStyle.NoBrush)
        self.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.setAcceptDrops(False)  # the section takes what is dropped
        self._scene = QGraphicsScene(self)
        self.setScene(self._scene)
        self._item = QGraphicsPixmapItem()
        self._item.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        self._scene.addItem(self._item)
        self._fits = True
        self._hand = Hand.PANS
        self._tiles = (0, 0)
        self._from: QPointF | None = None
        self._rectangle: QRectF | None = None

    @property
    def zoom(self) -> float:
        """Screen pixels for each of the picture."""
        return self.transform().m11()

    def show_image(self, image: QImage) -> None:
        self._item.setPixmap(QPixmap.fromImage(image))
        self._scene.setSceneRect(self._item.boundingRect())
        self._rectangle = None
        self.fit()

    def show_tiles(self, rows: int, cols: int) -> None:
        """Draw the lines between tiles; 0 x 0 for none."""
        self._tiles = (rows, cols)
        self.viewport().update()

    def take_hand(self, hand: Hand) -> None:
        self._hand = hand
        pans = hand is Hand.PANS
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag if pans else QGraphicsView.DragMode.NoDrag)
        self.viewport().setCursor(Qt.CursorShape.OpenHandCursor if pans else Qt.CursorShape.CrossCursor)
        self._rectangle = None
        self.viewport().update()

    def fit(self) -> None:
        """The whole picture; a small one grows a little."""
        self._fits = True
        if self._item.pixmap().isNull():
            return
        self.fitInView(self._item, Qt.AspectRatioMode.KeepAspectRatio)
        if self.zoom > MOST_FITTED:
            self.resetTransform()
            self.scale(MOST_FITTED, MOST_FITTED)

    def zoom_in(self) -> None:
        self._zoom_by(STEP)

    def zoom_out(self) -> None:
        self._zoom_by(1 / STEP)

    def _zoom_by(self, factor: float) -> None:
        new = self.zoom * factor
        if self._item.pixmap().isNull() or new > MOST_ZOOM:
            return
        self._fits = False
        self.scale(factor, factor)
        whole = self.mapFromScene(self._scene.sceneRect()).boundingRect()
        if whole.width() <= self.viewport().width() and whole.height() <= self.viewport().height() and factor < 1:
            self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fits:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom_by(STEP ** (event.angleDelta().y() / 120))
        else:
            super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self._zoom_by(1 + event.value())
            return True
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom_in()
            case Qt.Key.Key_Minus:
                self.zoom_out()
            case Qt.Key.Key_0:
                self.fit()
            case _:
                super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._hand is Hand.CUTS and event.button() == Qt.MouseButton.LeftButton:
            self._from = self.mapToScene(event.position().toPoint())
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is None:
            super().mouseMoveEvent(event)
            return
        here = self.mapToScene(event.position().toPoint())
        self._rectangle = QRectF(self._from, here).normalized().intersected(self._scene.sceneRect())
        self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._from is None:
            super().mouseReleaseEvent(event)
            return
        self._from = None
        cut, whole = self._rectangle, self._scene.sceneRect()
        if cut is not None and min(cut.width(), cut.height()) >= SMALLEST_CROP:
            self.cut.emit(
                QRectF(
                    cut.x() / whole.width(),
                    cut.y() / whole.height(),
                    cut.width() / whole.width(),
                    cut.height() / whole.height(),
                )
            )

    def drawForeground(self, painter: QPainter, area: QRectF | object) -> None:
        whole, (rows, cols) = self._scene.sceneRect(), self._tiles
        lines = [((x, 0.0), (x, whole.height())) for x in (whole.width() * col / cols for col in range(1, cols))]
        lines += [((0.0, y), (whole.width(), y)) for y in (whole.height() * row / rows for row in range(1, rows))]
        # Twice, light over dark, so that they are seen on any picture; cosmetic, so as thin at any zoom.
        for colour, width in ((Qt.GlobalColor.black, 3.0), (Qt.GlobalColor.white, 1.0)):
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            painter.setPen(pen)
            for start, end in lines:
                painter.drawLine(QPointF(*start), QPointF(*end))
        if self._rectangle is not None:
            pen = QPen(self.palette().color(QPalette.ColorRole.Accent), 2)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawRect(self._rectangle)
