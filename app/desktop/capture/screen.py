"""The screen's pixels, and whether they may be had.

On macOS a picture of the screen that is not allowed is the wallpaper and no error, so the system is asked beforehand.
https://developer.apple.com/documentation/coregraphics/cgpreflightscreencaptureaccess()
"""

import ctypes
import sys

from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QScreen

DENIED = (
    "macOS does not let this program see the screen: allow it (or your terminal) in System Settings, Privacy & "
    "Security, Screen & System Audio Recording, and start it again."
)
UNSEEN = "This desktop lets no program see the screen."


def may_see_screen() -> bool:
    """Whether macOS lets this process record the screen; elsewhere there is nothing to ask."""
    if sys.platform != "darwin":
        return True
    graphics = ctypes.CDLL("/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics")
    graphics.CGPreflightScreenCaptureAccess.restype = ctypes.c_bool
    return bool(graphics.CGPreflightScreenCaptureAccess())


def grab(screen: QScreen, area: QRect | None = None) -> QImage:
    """`area` of a screen in its own logical pixels, or the whole; null where that is not possible."""
    area = area or QRect(0, 0, screen.size().width(), screen.size().height())
    return screen.grabWindow(0, area.x(), area.y(), area.width(), area.height()).toImage()
