"""Light and dark as Qt palettes, and which of them the system wants.

On macOS the platform's own palette and style stay as they are. Elsewhere it is Fusion with the colours of
`palettes.json`, the one place in which colours stand.
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

OWN_LOOKS = sys.platform != "darwin"
READABLE_POINTS = 10.5
# Where the platform names no font of its own, as a bare X server does not.
FAMILIES = ("Inter", "Cantarell", "Noto Sans", "Ubuntu", "DejaVu Sans")


class Theme(QObject):
    """Keeps the application's palette to the system's, or to the one that was asked for."""

    def __init__(self, application: QApplication, *, dark: bool | None = None) -> None:
        super().__init__(application)
        self._application = application
        self._forced = dark
        if not OWN_LOOKS and dark is not None:
            scheme = Qt.ColorScheme.Dark if dark else Qt.ColorScheme.Light
            application.styleHints().setColorScheme(scheme)
        if OWN_LOOKS:
            application.setStyle(QStyleFactory.create("Fusion"))
            _choose_font(application)
            application.styleHints().colorSchemeChanged.connect(self._follow)
            self._follow()
        sheets = ("style.qss", "fusion.qss") if OWN_LOOKS else ("style.qss",)
        application.setStyleSheet("".join((Path(__file__).parent / name).read_text("utf-8") for name in sheets))

    def _follow(self) -> None:
        dark = self._forced
        if dark is None:
            dark = self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark
        self._application.setPalette(palette("dark" if dark else "light"))


def palette(name: str) -> QPalette:
    """The palette "light" or "dark" of `palettes.json`."""
    rows, made = _palettes(), QPalette()
    for role, colour in rows[name].items():
        made.setColor(QPalette.ColorRole[role], QColor(colour))
    for role in rows["disabled"]:
        faint = QColor(rows[name][role])
        faint.setAlphaF(0.45)
        made.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole[role], faint)
    return made


@cache
def _palettes() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "palettes.json").read_text(encoding="utf-8"))


def _choose_font(application: QApplication) -> None:
    font = QFont(application.font())
    if font.family() in ("", "Sans Serif", "sans-serif", "Sans"):
        families = set(QFontDatabase.families())
        font.setFamily(next((family for family in FAMILIES if family in families), font.family()))
    if 0 < font.pointSizeF() < READABLE_POINTS:
        font.setPointSizeF(READABLE_POINTS)
    application.setFont(font)
