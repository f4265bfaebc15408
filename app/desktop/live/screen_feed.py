"""A part of the screen as frames, a few a second. Grabbed in the window's thread, as Qt wants it."""

import time

import numpy as np
from PySide6.QtCore import QObject, QRect, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage, QScreen

from app.desktop.capture.screen import DENIED, UNSEEN, grab, may_see_screen
from app.live.frame import make_frame

EVERY_MS = 500
LONGEST = 1536  # pixels: three tiles, of which the model sees one


class ScreenFeed(QObject):
    """`frame_came` from `start` to `stop`; `lost` once where the screen cannot be seen any more."""

    frame_came = Signal(object)
    lost = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._screen: QScreen | None = None
        self._area = QRect()
        self._told = False
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._grab)

    def start(self, screen: QScreen, area: QRect) -> None:
        self._screen, self._area, self._told = screen, area, False
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _grab(self) -> None:
        if not may_see_screen():
            self._lose(DENIED)
        elif self._screen not in QGuiApplication.screens():
            self._lose("The screen is gone; Live goes on when another part of a screen is chosen.")
        elif (image := grab(self._screen, self._area)).isNull():
            self._lose(UNSEEN)
        else:
            self._told = False
            self.frame_came.emit(make_frame(to_pixels(image), time.time()))

    def _lose(self, sentence: str) -> None:
        if not self._told:
            self._told = True
            self.lost.emit(sentence)


def to_pixels(image: QImage) -> np.ndarray:
    """RGB uint8 [H, W, 3], its long edge at most LONGEST."""
    if max(image.width(), image.height()) > LONGEST:
        wide = image.width() >= image.height()
        image = image.scaledToWidth(LONGEST) if wide else image.scaledToHeight(LONGEST)
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()
