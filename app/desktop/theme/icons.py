"""SVG icons in the palette's own colour, drawn anew when that changes.

An icon's file (`assets/icons`) draws with `currentColor`; what it is comes from a palette role of the moment.
"""

from functools import cache, partial
from typing import Protocol
from weakref import WeakValueDictionary

from PySide6.QtCore import QByteArray, QObject, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

import assets

Role = QPalette.ColorRole


class HasIcon(Protocol):
    """An action, a button, a list item."""

    def setIcon(self, icon: QIcon) -> None: ...


class Icons(QObject):
    """Gives icons to whatever has one, and gives them again when the palette changes."""

    def __init__(self, parent: QGuiApplication) -> None:
        super().__init__(parent)
        # Weakly, and out of it when Qt destroys one: its Python half may live on.
        self._held: WeakValueDictionary[int, QObject] = WeakValueDictionary()
        self._looks: dict[int, tuple[str, Role]] = {}
        # A signal and no event filter, which would be called for every event of the application.
        parent.paletteChanged.connect(self._give_again)

    def give(self, target: QObject, name: str, role: Role = Role.ButtonText) -> None:
        key = id(target)
        if self._held.get(key) is not target:
            self._held[key] = target
            target.destroyed.connect(partial(self._let_go, key))
        self._looks[key] = (name, role)
        target.setIcon(icon(name, role))  # type: ignore[attr-defined]

    def _give_again(self) -> None:
        _tinted.cache_clear()
        for key, target in list(self._held.items()):
            target.setIcon(icon(*self._looks[key]))  # type: ignore[attr-defined]

    def _let_go(self, key: int) -> None:
        self._held.pop(key, None)
        self._looks.pop(key, None)


def give_icon(target: QObject, name: str, role: Role = Role.ButtonText) -> None:
    """Set the icon `name` on a QAction or a button, in the colour of a palette role, for as long as it lives."""
    application = QGuiApplication.instance()
    assert isinstance(application, QGuiApplication), "icons are given when there is an application"
    icons = application.findChild(Icons) or Icons(application)
    icons.give(target, name, role)


def icon(name: str, role: Role = Role.ButtonText) -> QIcon:
    """The icon in the colours that the palette has now."""
    palette = QGuiApplication.palette()
    normal, chosen = palette.color(role), palette.color(Role.HighlightedText)
    disabled = palette.color(QPalette.ColorGroup.Disabled, Role.ButtonText)
    return _tinted(name, *(colour.name(QColor.NameFormat.HexArgb) for colour in (normal, disabled, chosen)))


def pixmap(name: str, colour: QColor, size: int, ratio: float = 1.0) -> QPixmap:
    """One picture of an icon, `size` logical pixels square; a null one where there is no room for it."""
    if (sharp := round(size * ratio)) <= 0:
        return QPixmap()
    drawn = QPixmap(QSize(sharp, sharp))
    drawn.fill(Qt.GlobalColor.transparent)
    # The alpha goes on the whole picture: an SVG colour has none.
    opaque = QColor(colour)
    opaque.setAlpha(255)
    painter = QPainter(drawn)
    painter.setOpacity(colour.alphaF())
    svg = _source(name).replace("currentColor", opaque.name())
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, sharp, sharp))
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn


@cache
def _tinted(name: str, normal: str, disabled: str, chosen: str) -> QIcon:
    colours = {QIcon.Mode.Disabled: disabled, QIcon.Mode.Selected: chosen}
    return QIcon(_Drawing(name, normal, colours))


class _Drawing(QIconEngine):
    """Draws an icon when it is first seen at a size: drawing all beforehand would delay the window.

    https://doc.qt.io/qt-6/qiconengine.html; sizes are logical pixels.
    """

    def __init__(self, name: str, normal: str, colours: dict[QIcon.Mode, str]) -> None:
        super().__init__()
        self._name, self._normal, self._colours = name, normal, colours
        self._drawn: dict[tuple[str, int, float], QPixmap] = {}

    def clone(self) -> QIconEngine:
        return _Drawing(self._name, self._normal, self._colours)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        key = (self._colours.get(mode, self._normal), min(size.width(), size.height()), scale)
        if key not in self._drawn:
            self._drawn[key] = pixmap(self._name, QColor(key[0]), *key[1:])
        return self._drawn[key]

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(rect, self.scaledPixmap(rect.size(), mode, state, ratio))


@cache
def _source(name: str) -> str:
    return (assets.path("icons") / f"{name}.svg").read_text(encoding="utf-8")
