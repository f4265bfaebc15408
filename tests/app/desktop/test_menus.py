"""The menu bar: what a Mac user expects to find, and an Edit menu that serves whatever has the keys."""

from PySide6.QtGui import QAction, QGuiApplication, QImage
from PySide6.QtWidgets import QLineEdit, QPushButton

from tests.app.desktop.conftest import SAMPLES, Desk


def actions(desk: Desk) -> dict[str, QAction]:
    menus = [action.menu() for action in desk.window.menuBar().actions()]
    return {action.text().replace("&", ""): action for menu in menus if menu is not None for action in menu.actions()}  # type: ignore[attr-defined]


def test_there_are_the_menus_and_keys_of_every_mac_app(desk: Desk) -> None:
    titles = [action.text().replace("&", "") for action in desk.window.menuBar().actions()]
    assert titles == ["File", "Edit", "View", "Answer", "Window", "Help"]
    keys = {title: action.shortcut().toString() for title, action in actions(desk).items()}
    for title, wanted in {
        "New Chat": "Ctrl+N",
        "Open…": "Ctrl+O",
        "Settings…": "Ctrl+,",
        "Close Window": "Ctrl+W",
        "Quit Smolsight": "Ctrl+Q",
        "Copy": "Ctrl+C",
        "Paste": "Ctrl+V",
        "Stop": "Ctrl+.",
        "Minimize": "Ctrl+M",
        "Chat": "Ctrl+1",
        "Live": "Ctrl+2",
        "Take Screenshot…": "Ctrl+Shift+2",
    }.items():
        assert keys[title] == wanted


def test_no_two_actions_have_the_same_keys(desk: Desk) -> None:
    keys = [action.shortcut().toString() for action in actions(desk).values() if not action.shortcut().isEmpty()]
    assert len(keys) == len(set(keys))


def test_copy_takes_what_is_chosen_and_else_the_last_answer(desk: Desk) -> None:
    desk.window.activateWindow()
    desk.qtbot.waitUntil(desk.window.isActiveWindow)
    desk.ask("What is it?")
    edit = desk.chat.composer.edit
    edit.setPlainText("some words")
    edit.setFocus()
    actions(desk)["Copy"].trigger()
    assert QGuiApplication.clipboard().text() == "A red boat in a harbour."
    actions(desk)["Select All"].trigger()
    actions(desk)["Cut"].trigger()
    assert (QGuiApplication.clipboard().text(), edit.toPlainText()) == ("some words", "")
    actions(desk)["Undo"].trigger()
    assert edit.toPlainText() == "some words"


def test_paste_goes_into_the_field_that_has_the_keys_and_a_picture_into_the_chat(desk: Desk) -> None:
    desk.window.activateWindow()
    desk.qtbot.waitUntil(desk.window.isActiveWindow)
    search = desk.window.source_list.findChild(QLineEdit)
    assert search is not None
    search.setFocus()
    QGuiApplication.clipboard().setText("harbour")
    desk.qtbot.waitUntil(search.hasFocus)
    actions(desk)["Paste"].trigger()
    assert search.text() == "harbour"
    QGuiApplication.clipboard().setImage(QImage(str(SAMPLES / "scene-2.png")))
    button = desk.window.source_list.findChild(QPushButton)
    assert button is not None
    button.setFocus()
    actions(desk)["Paste"].trigger()
    desk.qtbot.waitUntil(lambda: len(desk.chat.composer.media) == 1)
