"""What can be used shows that it has the keys; text grows with the choice; sizes are remembered."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QSplitter, QWidget

from app.desktop.settings.dialog import show_settings
from app.desktop.theme.text_size import scale_text
from tests.app.desktop.conftest import SAMPLES, Desk, MakeDesk
from tests.app.desktop.test_accessibility import OF_QT
from tests.clips import write_clip


@pytest.fixture
def own_size() -> Iterator[None]:
    yield
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    scale_text(application, 100)


def focusable(root: QWidget) -> list[QWidget]:
    return [
        widget
        for widget in root.findChildren(QWidget)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and not widget.objectName().startswith(OF_QT)
        and (isinstance(widget, QAbstractButton) or type(widget).__name__ in ("Timeline", "QLineEdit", "QListWidget"))
    ]


def test_whatever_is_reached_with_tab_shows_that_it_has_the_keys(desk: Desk, tmp_path: Path) -> None:
    desk.window.activateWindow()
    desk.qtbot.waitUntil(desk.window.isActiveWindow)
    desk.attach(SAMPLES / "scene-2.png")
    desk.ask("What is it?")
    desk.attach(write_clip(tmp_path / "clip.avi", count=20))
    desk.qtbot.keyClick(desk.chat.composer.edit, Qt.Key.Key_Tab)  # from now on Qt shows where the keys are
    unseen = []
    for widget in focusable(desk.window):
        desk.chat.composer.edit.setFocus()
        QApplication.processEvents()
        before = widget.grab().toImage()
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        QApplication.processEvents()
        if widget.hasFocus() and widget.grab().toImage() == before:
            unseen.append(widget.accessibleName())
    assert not unseen


def test_larger_text_reaches_every_widget_in_its_proportion(desk: Desk, own_size: None) -> None:
    desk.ask("What is it?")
    before = {label: label.font().pointSizeF() for label in desk.window.source_list.findChildren(QLabel)}
    question = desk.chat.composer.edit.height()
    desk.window.services.settings.put("text_percent", 150)
    desk.window.setting_chosen.emit("text_percent")
    for label, points in before.items():
        assert label.font().pointSizeF() == pytest.approx(1.5 * points, rel=0.02)
    assert desk.chat.composer.edit.height() > 1.3 * question
    chip = desk.chat.composer.suggestions.chips["caption"]
    assert chip.font().pointSizeF() == pytest.approx(QApplication.font().pointSizeF())
    desk.window.resize(900, 600)
    desk.qtbot.waitUntil(lambda: chip.width() >= chip.sizeHint().width())


def test_the_original_wordings_come_back(desk: Desk) -> None:
    dialog = show_settings(desk.window)
    line = dialog.findChild(QLineEdit, "prompt.caption")
    assert line is not None
    line.setText("Say what you see.")
    line.editingFinished.emit()
    assert desk.window.services.settings["prompt.caption"] == "Say what you see."
    (button,) = [
        b for b in dialog.findChildren(QAbstractButton) if b.accessibleName() == "Restore the original wordings"
    ]
    button.click()
    assert line.text() == desk.window.services.settings["prompt.caption"] == "Describe this image."


def test_the_detail_of_the_settings_is_that_of_the_next_chat(desk: Desk) -> None:
    desk.ask("What is it?")
    desk.window.services.settings.put("detail", "low")
    desk.window.setting_chosen.emit("detail")
    assert desk.chat.chat.detail == "auto"
    desk.chat.new_chat()
    assert desk.chat.chat.detail == "low"


def test_the_splitters_stand_where_they_stood_when_the_window_was_closed(make_desk: MakeDesk) -> None:
    first = make_desk()
    first.attach(SAMPLES / "scene-2.png")
    splitter = first.chat.findChild(QSplitter, "chat_talk")
    assert splitter is not None
    splitter.setSizes([200, 400])
    first.qtbot.waitUntil(lambda: splitter.sizes()[0] > 0)
    before = splitter.sizes()
    first.window.close()
    second = make_desk()
    second.attach(SAMPLES / "scene-2.png")
    again = second.chat.findChild(QSplitter, "chat_talk")
    assert again is not None
    second.qtbot.waitUntil(lambda: again.sizes()[0] > 0)
    assert again.sizes()[0] == pytest.approx(before[0], abs=8)
