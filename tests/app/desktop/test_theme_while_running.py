"""The system turns dark while the app runs: what is gone does not matter, what is there follows."""

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from app.desktop.theme.palettes import palette
from tests.app.desktop.conftest import SAMPLES, Desk


def test_the_window_follows_after_turns_with_their_buttons_were_deleted(desk: Desk, qapp: QApplication) -> None:
    desk.attach(SAMPLES / "scene-2.png")
    desk.ask("What is it?")
    desk.chat.new_chat()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    before, dark = qapp.palette(), palette("dark")
    try:
        qapp.setPalette(dark)
        desk.qtbot.wait(50)
        role = QPalette.ColorRole.Window
        assert desk.window.palette().color(role) == dark.color(role)
    finally:
        qapp.setPalette(before)
