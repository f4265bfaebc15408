"""The history in the window: every chat is listed, found, opened again, gone on with, deleted and taken back."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QPushButton

from app.desktop.history.history_list import HistoryList
from mlx_model.events import TextDelta
from mlx_model.protocol import Ask
from tests.app.desktop.conftest import SAMPLES, Desk, MakeDesk
from tests.clips import write_clip
from tests.fake_engine import Script


def history(desk: Desk) -> HistoryList:
    listed = desk.window.source_list.listed
    assert listed is not None
    return listed


def titles(desk: Desk) -> list[str]:
    entries = history(desk).entries
    return [entries.data(entries.index(place)) for place in range(entries.rowCount())]


def test_a_chat_is_listed_found_and_gone_on_with(make_desk: MakeDesk) -> None:
    desk = make_desk(Script(("A boat.",)), Script(("Red.",)))
    desk.attach(SAMPLES / "scene-2.png")
    desk.ask("What is it?")
    key = desk.chat.chat.conversation.id
    desk.chat.new_chat()
    desk.qtbot.waitUntil(lambda: titles(desk) == ["What is it?"])
    history(desk).search.setText("nowhere")
    desk.qtbot.waitUntil(lambda: titles(desk) == [])
    history(desk).search.setText("boat")
    desk.qtbot.waitUntil(lambda: titles(desk) == ["What is it?"])
    history(desk).chosen.emit(key)
    desk.qtbot.waitUntil(lambda: desk.chat.chat.conversation.id == key)
    desk.ask("Which colour?")
    request = [job for job in desk.engine.jobs if isinstance(job, Ask)][-1].request
    assert [message.role for message in request.messages] == ["user", "assistant", "user"]
    assert len(request.pictures) == 1


def test_a_deleted_chat_can_be_taken_back(desk: Desk) -> None:
    desk.ask("What is it?")
    desk.qtbot.waitUntil(lambda: titles(desk) == ["What is it?"])
    history(desk).view.setCurrentIndex(history(desk).entries.index(0))
    history(desk).delete()
    desk.qtbot.waitUntil(lambda: titles(desk) == [])
    assert desk.chat.chat.turns == []
    undo = next(button for button in desk.window.services.status.findChildren(QPushButton) if button.text() == "Undo")
    undo.click()
    desk.qtbot.waitUntil(lambda: titles(desk) == ["What is it?"])


def test_a_chat_is_renamed_and_pinned(desk: Desk) -> None:
    desk.ask("What is it?")
    desk.qtbot.waitUntil(lambda: titles(desk) == ["What is it?"])
    listed = history(desk)
    listed.entries.setData(listed.entries.index(0), "Harbour")
    desk.qtbot.waitUntil(lambda: titles(desk) == ["Harbour"])
    entry = listed.entries.entry(listed.entries.index(0))
    assert entry is not None
    next(action for action in listed.actions_for(entry).actions() if action.text() == "Pin").trigger()
    desk.qtbot.waitUntil(lambda: bool((now := listed.entries.entry(listed.entries.index(0))) and now.pinned))


def test_with_the_history_off_nothing_is_kept(desk: Desk) -> None:
    desk.window.services.history.is_on = False
    desk.ask("What is it?")
    desk.chat.new_chat()
    desk.qtbot.wait(100)
    history(desk).refresh()
    desk.qtbot.wait(100)
    assert titles(desk) == []


def test_closing_in_the_middle_of_an_answer_keeps_the_question_and_the_words_so_far(make_desk: MakeDesk) -> None:
    desk = make_desk(Script(("One", " two"), hold_after=TextDelta("One")))
    desk.chat.chat.ask("Count.")
    desk.qtbot.waitUntil(lambda: desk.chat.chat.turns[0].answer == "One")
    desk.window.close()
    again = make_desk()
    again.qtbot.waitUntil(lambda: titles(again) == ["Count."])
    history(again).chosen.emit(desk.chat.chat.conversation.id)
    again.qtbot.waitUntil(lambda: bool(again.chat.chat.turns))
    assert again.chat.chat.turns[0].answer == "One"
    assert again.chat.chat.turns[0].state == "stopped"


def test_a_chat_that_still_runs_is_taken_up_where_it_is(make_desk: MakeDesk) -> None:
    desk = make_desk(Script(("One", " two"), hold_after=TextDelta("One")))
    first = desk.chat.chat
    first.ask("Count.")
    desk.qtbot.waitUntil(lambda: first.turns[0].answer == "One")
    desk.chat.new_chat()
    desk.chat.open_conversation(first.conversation.id)
    assert desk.chat.chat is first
    desk.engine.release()
    desk.wait_for_end()
    assert first.turns[0].answer == "One two"


def test_a_chat_that_was_deleted_while_it_was_read_is_not_shown(desk: Desk) -> None:
    desk.ask("What is it?")
    key = desk.chat.chat.conversation.id
    desk.chat.new_chat()
    desk.qtbot.waitUntil(lambda: titles(desk) == ["What is it?"])
    history(desk).chosen.emit(key)
    history(desk).view.setCurrentIndex(history(desk).entries.index(0))
    history(desk).delete()
    desk.qtbot.waitUntil(lambda: titles(desk) == [])
    assert desk.chat.chat.turns == []


def test_a_new_chat_is_not_replaced_by_an_older_one_that_was_still_being_read(desk: Desk) -> None:
    desk.ask("What is it?")
    desk.chat.new_chat()
    desk.qtbot.waitUntil(lambda: titles(desk) == ["What is it?"])
    entry = history(desk).entries.entry(history(desk).entries.index(0))
    assert entry is not None
    desk.chat.open_conversation(entry.id)
    desk.chat.new_chat()
    history(desk).search.setText("nowhere")
    desk.qtbot.waitUntil(lambda: titles(desk) == [])
    assert desk.chat.chat.conversation.id != entry.id


def test_a_chat_goes_on_from_the_history_as_it_would_have_gone_on(make_desk: MakeDesk) -> None:
    """In alt-text mode each picture is asked about by itself; asked again later, it still is."""
    desk = make_desk()
    desk.window.services.settings.put("alt_text_mode", True)
    for name in ("scene-2.png", "scene-3.png"):
        desk.window.take([SAMPLES / name])
        desk.qtbot.waitUntil(lambda: bool(desk.chat.chat.turns))
        desk.wait_for_end()
    desk.qtbot.waitUntil(lambda: len(desk.chat.chat.turns) == 2 and not desk.chat.chat.is_running)
    reopen(desk)
    assert [turn.alone for turn in desk.chat.chat.turns] == [True, True]
    desk.chat.chat.ask_again(1)
    desk.wait_for_end()
    request = [job for job in desk.engine.jobs if isinstance(job, Ask)][-1].request
    assert len(request.messages) == len(request.pictures) == 1


def reopen(desk: Desk) -> None:
    """The chat that is shown, from the history."""
    key = desk.chat.chat.conversation.id
    desk.chat.new_chat()
    desk.qtbot.waitUntil(lambda: len(titles(desk)) == 1)
    history(desk).chosen.emit(key)
    desk.qtbot.waitUntil(lambda: desk.chat.chat.conversation.id == key)


def test_a_clip_that_is_away_for_a_while_is_not_lost_from_the_history(desk: Desk, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "harbour.avi", count=4)
    desk.attach(clip)
    desk.ask("What happens?")
    away = clip.rename(tmp_path / "elsewhere.avi")
    reopen(desk)
    (turn,) = desk.chat.chat.turns
    assert turn.media == () and "harbour.avi cannot be shown now" in turn.remark
    desk.ask("And then?")
    away.rename(clip)
    reopen(desk)
    first, second = desk.chat.chat.turns
    assert [medium.name for medium in first.media] == ["harbour.avi"]
    assert (first.remark, second.question) == ("", "And then?")


def test_an_exported_chat_is_imported_and_shown(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.attach(SAMPLES / "scene-2.png")
    desk.ask("What is it?")
    key = desk.chat.chat.conversation.id
    listed, out = history(desk), tmp_path / "out"
    desk.qtbot.waitUntil(lambda: titles(desk) == ["What is it?"])
    (entry,) = listed.entries._entries
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(out), ""))
    next(action for action in listed.actions_for(entry).actions() if action.text() == "Export…").trigger()
    desk.qtbot.waitUntil(lambda: (out / "conversation.json").is_file())
    desk.window.services.history.delete_all()
    desk.chat.new_chat()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(out / "conversation.json"), ""))
    listed.import_conversation()
    desk.qtbot.waitUntil(lambda: len(desk.chat.chat.turns) == 1)
    assert desk.chat.chat.conversation.id != key
    assert [medium.name for medium in desk.chat.chat.turns[0].media] == ["scene-2.png"]
    desk.qtbot.waitUntil(lambda: titles(desk) == ["What is it?"])
