"""Whether words stand on a screen, by their shapes: they are drawn in the window's font and looked for.

Shapes are compared by correlation, so a font's hinting and colours may differ a little; other words stay far below.
"""

import numpy as np
from PySide6.QtGui import QColorConstants, QFont, QFontMetrics, QImage, QPainter

from mlx_model.media.video_decoder import load_opencv

MARGIN = 2


def likeness(screen: np.ndarray, words: str, family: str, pixels: int) -> float:
    """1.0 where the words stand exactly so on the grey screen [H, W], near 0 where there is nothing like them."""
    cv2 = load_opencv()
    drawn = draw(words, family, pixels)
    found = cv2.matchTemplate(screen, drawn, cv2.TM_CCOEFF_NORMED)
    return float(found.max())


def draw(words: str, family: str, pixels: int) -> np.ndarray:
    """Dark on white, grey uint8 [H, W], cut close to the letters."""
    font = QFont(family)
    font.setPixelSize(pixels)
    metrics = QFontMetrics(font)
    image = QImage(metrics.horizontalAdvance(words) + 8, metrics.height() + 8, QImage.Format.Format_Grayscale8)
    image.fill(QColorConstants.White)
    painter = QPainter(image)
    painter.setFont(font)
    painter.drawText(4, 4 + metrics.ascent(), words)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    grey = rows[:, : image.width()].copy()
    inked = np.argwhere(grey < 128)
    (top, left), (bottom, right) = inked.min(axis=0), inked.max(axis=0) + 1
    return grey[max(top - MARGIN, 0) : bottom + MARGIN, max(left - MARGIN, 0) : right + MARGIN]
