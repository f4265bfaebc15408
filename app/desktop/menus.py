"""The menu bar, with the roles and shortcuts that each platform expects. Says what is wanted to whoever does it."""

from collections.abc import Callable
from functools import partial

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMessageBox

from app.desktop.chat.copying import FORMS
from app.desktop.chat.section import ChatSection
from app.desktop.chat.speech import Speech
from app.desktop.edit_menu import fill_edit_menu
from app.desktop.history.history_list import HistoryList
from app.desktop.sections import SECTIONS
from app.desktop.settings.dialog import show_settings
from app.desktop.window import MainWindow
from app.settings import rows

Keys = QKeySequence.StandardKey
ALT_TEXT_MODE_ON = (
    "Alt-text mode is on: paste, drop or open a picture and hear what it shows; Copy copies it. Ctrl+Shift+A ends it."
)


def build_menus(window: MainWindow, listed: HistoryList) -> None:
    """Fill the window's menu bar, and connect the lists at the left with the chat."""
    _file_menu(window, listed)
    copy, paste = (lambda: _chat(window).answers.copy_last()), (lambda: _chat(window).sources.paste())
    fill_edit_menu(window.menuBar().addMenu("&Edit"), copy, paste)
    _view_menu(window)
    _answer_menu(window)
    _window_menu(window)
    _help_menu(window)
    window.source_list.new_chat_wanted.connect(lambda: _chat(window).new_chat())
    listed.chosen.connect(lambda key: _chat(window).open_conversation(key))
    listed.gone.connect(lambda key: _chat(window).forget(key))
    chat = window.section("chat")
    if isinstance(chat, ChatSection):
        window.setting_chosen.connect(chat.show_setting)
        chat.chat_shown.connect(lambda shown: listed.mark(shown.conversation.id))


def _chat(window: MainWindow) -> ChatSection:
    """The Chat section, shown."""
    window.show_section("chat")
    section = window.section("chat")
    assert isinstance(section, ChatSection)
    return section


def _file_menu(window: MainWindow, listed: HistoryList) -> None:
    menu = window.menuBar().addMenu("&File")
    _add(menu, "&New Chat", lambda: _chat(window).new_chat(), Keys.New)
    _add(menu, "&Open…", lambda: _chat(window).sources.choose_files(), Keys.Open)
    _add(menu, "Take &Screenshot…", lambda: _chat(window).sources.take_screenshot(), "Ctrl+Shift+2")
    _add(menu, "Take Picture with &Camera…", lambda: _chat(window).sources.open_camera(), "Ctrl+Shift+1")
    menu.addSeparator()
    _add(menu, "&Find in History", listed.search.setFocus, Keys.Find)
    _add(menu, "&Import Conversation…", listed.import_conversation)
    menu.addSeparator()
    settings = _add(menu, "&Settings…", partial(show_settings, window), "Ctrl+,")
    settings.setMenuRole(QAction.MenuRole.PreferencesRole)
    menu.addSeparator()
    _add(menu, "&Close Window", window.close, "Ctrl+W")
    _add(menu, "&Quit Smolsight", window.close, "Ctrl+Q").setMenuRole(QAction.MenuRole.QuitRole)


def _view_menu(window: MainWindow) -> None:
    menu = window.menuBar().addMenu("&View")
    for row in SECTIONS:
        _add(menu, row.title, partial(window.show_section, row.name), f"Ctrl+{row.shortcut}")
    menu.addSeparator()
    _add(menu, "Zoom &In", lambda: _chat(window).stage.view.zoom_in(), Keys.ZoomIn)
    _add(menu, "Zoom &Out", lambda: _chat(window).stage.view.zoom_out(), Keys.ZoomOut)
    _add(menu, "&Fit", lambda: _chat(window).stage.view.fit(), "Ctrl+0")
    _add(menu, "&Tiles", lambda: _chat(window).stage.grid.toggle(), "Ctrl+T")
    menu.addSeparator()
    _add(menu, "&Bigger Text", partial(_scale_text, window, 1))
    _add(menu, "&Smaller Text", partial(_scale_text, window, -1))
    menu.addSeparator()
    _add(menu, "Full &Screen", lambda: _toggle_full_screen(window), Keys.FullScreen)


def _answer_menu(window: MainWindow) -> None:
    menu = window.menuBar().addMenu("&Answer")
    _add(menu, "&Stop", lambda: _chat(window).chat.stop(), "Ctrl+.")
    _add(menu, "Answer &Again", lambda: _chat(window).answers.again(), "Ctrl+R")
    menu.addSeparator()
    for name, form in FORMS.items():
        _add(menu, form.title, partial(_copy_last, window, name), "Ctrl+Shift+C" if name == "text" else None)
    speak = _add(menu, "&Speak", lambda: _chat(window).answers.speak_last(), "Ctrl+Shift+S")
    speak.setVisible(Speech(menu).is_possible)
    menu.addSeparator()
    alt = _add(menu, "Alt-&Text Mode", lambda: _turn_alt_text_mode(window), "Ctrl+Shift+A")
    alt.setCheckable(True)
    menu.aboutToShow.connect(lambda: alt.setChecked(window.services.settings["alt_text_mode"]))


def _scale_text(window: MainWindow, steps: int) -> None:
    """To the next larger or smaller size that the settings offer."""
    settings = window.services.settings
    sizes = [size for size, _ in rows()["text_percent"].choices]
    place = sizes.index(settings["text_percent"]) + steps
    settings.put("text_percent", sizes[min(max(place, 0), len(sizes) - 1)])
    window.setting_chosen.emit("text_percent")


def _turn_alt_text_mode(window: MainWindow) -> None:
    """In it each picture that comes in is described as alt text at once: paste, hear, copy."""
    on = not window.services.settings["alt_text_mode"]
    window.services.settings.put("alt_text_mode", on)
    window.setting_chosen.emit("alt_text_mode")
    window.services.status.say(ALT_TEXT_MODE_ON if on else "Alt-text mode is off.")


def _window_menu(window: MainWindow) -> None:
    menu = window.menuBar().addMenu("&Window")
    _add(menu, "&Minimize", window.showMinimized, "Ctrl+M")
    _add(menu, "&Zoom", lambda: window.showNormal() if window.isMaximized() else window.showMaximized())


def _copy_last(window: MainWindow, form: str) -> None:
    _chat(window).answers.copy_last(form)


def _help_menu(window: MainWindow) -> None:
    menu = window.menuBar().addMenu("&Help")
    about = _add(menu, "&About Smolsight", lambda: _about(window))
    about.setMenuRole(QAction.MenuRole.AboutRole)


def _add(menu: QMenu, title: str, wanted: Callable[[], object], keys: Keys | str | None = None) -> QAction:
    action = QAction(title, menu)
    if keys is not None:
        action.setShortcut(QKeySequence(keys))
    action.triggered.connect(lambda: wanted())
    menu.addAction(action)
    return action


def _toggle_full_screen(window: MainWindow) -> None:
    if window.isFullScreen():
        window.showNormal()
    else:
        window.showFullScreen()


def _about(window: MainWindow) -> None:
    QMessageBox.about(
        window,
        "Smolsight",
        "Smolsight looks at pictures and clips and says what is in them, with nothing leaving this machine.",
    )
