"""Alt-text mode: paste, hear, copy, with keys alone."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication

from app.desktop.chat import answers
from mlx_model.events import TextDelta
from mlx_model.protocol import Ask
from tests.app.desktop.conftest import SAMPLES, Desk, MakeDesk
from tests.fake_engine import Script

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
PICTURES = sorted(SAMPLES.glob("*.png"))[1:4]


def press(desk: Desk, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    desk.qtbot.keyClick(QApplication.focusWidget() or desk.window, key, modifiers)


def begun(desk: Desk) -> None:
    desk.window.activateWindow()
    desk.qtbot.waitUntil(desk.window.isActiveWindow)
    desk.chat.composer.edit.setFocus()
    press(desk, Qt.Key.Key_A, CONTROL | SHIFT)
    assert desk.window.services.settings["alt_text_mode"]


def test_a_pasted_picture_is_described_announced_and_copied_without_another_key(
    make_desk: MakeDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(answers, "announce", lambda widget, text: heard.append(text))
    desk = make_desk(Script(("The image shows a red boat",)))
    begun(desk)
    QGuiApplication.clipboard().setImage(QImage(str(PICTURES[0])))
    press(desk, Qt.Key.Key_V, CONTROL)
    desk.qtbot.waitUntil(lambda: bool(desk.chat.chat.turns))
    desk.wait_for_end()
    assert heard == ["A red boat"]
    press(desk, Qt.Key.Key_C, CONTROL | SHIFT)
    assert (QGuiApplication.clipboard().text(), heard[-1]) == ("A red boat", "Copied.")


def test_each_of_several_pictures_is_described_by_itself(desk: Desk) -> None:
    begun(desk)
    desk.chat.take(PICTURES)
    desk.qtbot.waitUntil(lambda: len(desk.chat.chat.turns) == 3, timeout=10_000)
    desk.wait_for_end()
    asked = [job.request for job in desk.engine.jobs if isinstance(job, Ask)]
    assert [len(request.pictures) for request in asked] == [1, 1, 1]
    assert len({request.pictures[0].pixel_hash for request in asked}) == 3
    press(desk, Qt.Key.Key_A, CONTROL | SHIFT)
    desk.ask("Which of them is red?")
    assert len([job.request for job in desk.engine.jobs if isinstance(job, Ask)][-1].pictures) == 3


def test_an_answer_in_it_is_asked_for_again_by_itself(desk: Desk) -> None:
    begun(desk)
    desk.chat.take(PICTURES[:2])
    desk.qtbot.waitUntil(lambda: len(desk.chat.chat.turns) == 2, timeout=10_000)
    desk.wait_for_end()
    desk.chat.answers.again()
    desk.wait_for_end()
    assert len([job.request for job in desk.engine.jobs if isinstance(job, Ask)][-1].pictures) == 1


def test_it_is_remembered_and_ends_with_the_same_keys(desk: Desk) -> None:
    begun(desk)
    assert "Alt-text mode" in desk.chat.composer.edit.placeholderText()
    press(desk, Qt.Key.Key_A, CONTROL | SHIFT)
    assert not desk.window.services.settings["alt_text_mode"]
    desk.attach(PICTURES[0])
    assert not desk.chat.chat.turns


@pytest.mark.parametrize(("reader", "speaks"), [(True, False), (False, True)])
def test_it_speaks_where_no_screen_reader_does(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, reader: bool, speaks: bool
) -> None:
    said: list[str] = []
    monkeypatch.setattr(QAccessible, "isActive", lambda: reader)
    monkeypatch.setattr(answers, "announce", lambda widget, text: None)
    monkeypatch.setattr(desk.chat.answers.speech, "say", said.append)
    desk.window.services.settings.put("alt_text_mode", True)
    desk.chat.take(PICTURES[:1])
    desk.qtbot.waitUntil(lambda: bool(desk.chat.chat.turns))
    desk.wait_for_end()
    assert said == (["A red boat in a harbour."] if speaks else [])


def test_a_picture_that_comes_while_one_is_described_waits_its_turn(make_desk: MakeDesk) -> None:
    desk = make_desk(Script(("One",), hold_after=TextDelta("One")), Script(("Two",)))
    begun(desk)
    desk.chat.take(PICTURES[:1])
    desk.qtbot.waitUntil(lambda: bool(desk.chat.chat.turns) and desk.chat.chat.turns[0].answer == "One")
    desk.chat.take(PICTURES[1:2])
    desk.qtbot.waitUntil(lambda: len(desk.chat.chat.turns) == 2)
    desk.engine.release()
    desk.wait_for_end()
    assert [turn.answer for turn in desk.chat.chat.turns] == ["One", "Two"]
