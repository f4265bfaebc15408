"""Pictures cut to a square for lists and rows."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap


def square(image: QImage, side: int, ratio: float) -> QPixmap:
    """The middle of a picture, `side` logical pixels wide and high, sharp at `ratio` device pixels each."""
    sharp = round(side * ratio)
    scaled = image.scaled(
        sharp, sharp, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    x, y = (scaled.width() - sharp) // 2, (scaled.height() - sharp) // 2
    made = QPixmap.fromImage(scaled.copy(x, y, sharp, sharp))
    made.setDevicePixelRatio(ratio)
    return made
