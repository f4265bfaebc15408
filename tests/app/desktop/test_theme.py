"""Colours can be read: WCAG's contrast for text in light and in dark; icons take the palette's colour and follow it."""

import pytest
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QAction, QColor, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.desktop.theme.icons import give_icon, icon
from app.desktop.theme.palettes import palette

Role = QPalette.ColorRole
PAIRS = (
    (Role.WindowText, Role.Window),
    (Role.Text, Role.Base),
    (Role.Text, Role.AlternateBase),
    (Role.ButtonText, Role.Button),
    (Role.HighlightedText, Role.Highlight),
    (Role.PlaceholderText, Role.Base),
    (Role.PlaceholderText, Role.Window),
    (Role.PlaceholderText, Role.AlternateBase),
    (Role.PlaceholderText, Role.Midlight),
    (Role.WindowText, Role.Midlight),
    (Role.BrightText, Role.AlternateBase),
    (Role.Link, Role.Base),
    (Role.ToolTipText, Role.ToolTipBase),
)


def luminance(colour: QColor) -> float:
    """https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_can_be_read_on_what_is_behind_it(name: str) -> None:
    colours = palette(name)
    faint = {
        f"{ink.name} on {paper.name}": round(ratio, 1)
        for ink, paper in PAIRS
        if (ratio := contrast(colours.color(ink), colours.color(paper))) < 4.5
    }
    assert not faint


@pytest.mark.parametrize("name", ["light", "dark"])
def test_what_is_no_text_can_be_told_from_what_is_behind_it(name: str) -> None:
    """WCAG 1.4.11: 3 to 1 for the focus, the chosen row, and icons."""
    colours = palette(name)
    for ink in (Role.Highlight, Role.Accent, Role.PlaceholderText):
        for paper in (Role.Window, Role.Base):
            assert contrast(colours.color(ink), colours.color(paper)) >= 3, (ink, paper)


def test_an_icon_follows_the_palette(qtbot: QtBot, qapp: QApplication) -> None:
    action = QAction()
    give_icon(action, "stop")

    def ink() -> QColor:
        return action.icon().pixmap(16, 16).toImage().pixelColor(8, 8)

    before = qapp.palette()
    try:
        qapp.setPalette(palette("dark"))
        qtbot.waitUntil(lambda: ink().lightnessF() > 0.8)
        qapp.setPalette(palette("light"))
        qtbot.waitUntil(lambda: ink().lightnessF() < 0.3)
    finally:
        qapp.setPalette(before)


def test_an_icon_without_room_draws_nothing_and_warns_of_nothing(qtbot: QtBot) -> None:
    surface = QPixmap(8, 8)
    surface.fill(Qt.GlobalColor.white)
    painter = QPainter(surface)
    icon("search").paint(painter, QRect(2, 2, 0, 5))
    painter.end()
    assert icon("search").pixmap(QSize(0, 0)).isNull()
    image = surface.toImage()
    assert {image.pixelColor(x, y).name() for x in range(8) for y in range(8)} == {"#ffffff"}
