"""Everything that can be used has a name for those who do not see it, and a way there for those without a mouse."""

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QComboBox, QLineEdit, QPushButton, QSlider, QWidget

from tests.app.desktop.conftest import SAMPLES, Desk

CONTROLS = (QAbstractButton, QAbstractScrollArea, QComboBox, QLineEdit, QSlider)
OF_QT = ("qt_", "_q_", "ScrollLeftButton", "ScrollRightButton")


def controls(root: QWidget) -> Iterator[QWidget]:
    for widget in root.findChildren(QWidget):
        if isinstance(widget, CONTROLS) and not widget.objectName().startswith(OF_QT):
            yield widget


def test_every_control_has_a_name(desk: Desk) -> None:
    desk.attach(SAMPLES / "scene-2.png")
    desk.ask("What is it?")
    desk.attach(SAMPLES / "scene-3.png")
    nameless = [
        f"{type(widget).__name__} in {type(widget.parent()).__name__}"
        for widget in controls(desk.window)
        if not widget.accessibleName() and not (isinstance(widget, QAbstractButton) and widget.text())
    ]
    assert not nameless


def test_alt_text_is_made_and_copied_without_a_mouse(desk: Desk) -> None:
    """Paste, reach the chip with Tab, press it, copy: keys alone."""
    image = QImage(str(SAMPLES / "scene-2.png"))
    QGuiApplication.clipboard().setImage(image)
    desk.window.activateWindow()
    desk.chat.composer.edit.setFocus()
    desk.qtbot.keyClick(desk.chat.composer.edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    desk.qtbot.waitUntil(lambda: len(desk.chat.composer.media) == 1)
    chip = desk.chat.composer.suggestions.chips["alt"]
    for _ in range(60):
        desk.qtbot.keyClick(desk.window.focusWidget() or desk.window, Qt.Key.Key_Tab)
        if desk.window.focusWidget() is chip:
            break
    desk.qtbot.keyClick(chip, Qt.Key.Key_Space)
    desk.wait_for_end()
    desk.chat.answers.copy_last()
    assert QGuiApplication.clipboard().text() == "A red boat in a harbour."


def test_every_button_with_an_icon_alone_says_in_a_tooltip_what_it_does(desk: Desk) -> None:
    desk.attach(SAMPLES / "scene-2.png")
    desk.ask("What is it?")
    mute = [
        widget.accessibleName()
        for widget in desk.window.findChildren(QAbstractButton)
        if not widget.text() and not widget.toolTip() and not widget.objectName().startswith(OF_QT)
    ]
    assert not mute


def test_tab_goes_through_the_window_and_comes_back(desk: Desk) -> None:
    desk.attach(SAMPLES / "scene-2.png")
    desk.window.activateWindow()
    desk.chat.composer.edit.setFocus()
    visited = []
    for _ in range(60):
        desk.qtbot.keyClick(desk.window.focusWidget() or desk.window, Qt.Key.Key_Tab)
        visited.append(desk.window.focusWidget())
        if visited[-1] is desk.chat.composer.edit:
            break
    assert visited[-1] is desk.chat.composer.edit
    assert desk.chat.composer.suggestions.chips["caption"] in visited
    assert desk.window.toolbar.widgetForAction(desk.chat.tools()[0]) in visited


def test_every_control_of_the_models_has_a_name_and_a_tooltip(desk: Desk) -> None:
    desk.window.show_section("models")
    section = desk.window.section("models")
    desk.qtbot.waitUntil(lambda: bool(section.findChildren(QPushButton)), timeout=10_000)
    found = [widget for widget in controls(section) if not isinstance(widget, QAbstractScrollArea)]
    assert found
    assert not [widget for widget in found if not widget.accessibleName() or not widget.toolTip()]
