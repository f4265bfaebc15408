"""The Chat section as a user drives it: pictures in, questions, answers, stop, again, edit, a queue."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage

from mlx_model.events import TextDelta
from mlx_model.protocol import Ask
from tests.app.desktop.conftest import SAMPLES, Desk, MakeDesk
from tests.fake_engine import Script

PICTURE = SAMPLES / "scene-2.png"


def answers(desk: Desk) -> list[str]:
    return [turn.answer for turn in desk.chat.chat.turns]


def asks(desk: Desk) -> list[Ask]:
    return [job for job in desk.engine.jobs if isinstance(job, Ask)]


def drop(desk: Desk, *paths: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    desk.chat.dropEvent(QDropEvent(QPointF(10, 10), Qt.DropAction.CopyAction, mime, buttons, keys))


def test_a_dropped_picture_is_shown_and_asked_about(desk: Desk) -> None:
    drop(desk, PICTURE)
    desk.qtbot.waitUntil(lambda: len(desk.chat.composer.media) == 1)
    assert desk.chat.stage.isVisible()
    desk.ask("What is it?")
    assert answers(desk) == ["A red boat in a harbour."]
    assert [picture.image.size for picture in asks(desk)[0].request.pictures] == [(128, 128)]


def test_a_second_question_sends_the_whole_conversation_with_its_picture_where_it_came(desk: Desk) -> None:
    desk.attach(PICTURE)
    desk.ask("What is it?")
    desk.ask("Which colour?")
    messages = asks(desk)[1].request.messages
    assert [message.role for message in messages] == ["user", "assistant", "user"]
    assert [len(message.parts) for message in messages] == [2, 1, 1]


def test_every_question_of_a_chat_comes_under_one_name_and_another_chats_under_another(desk: Desk) -> None:
    desk.ask("First?")
    desk.ask("Second?")
    desk.chat.new_chat()
    desk.ask("Third?")
    names = [ask.conversation for ask in asks(desk)]
    assert names[0] == names[1] != names[2]


def test_a_pasted_picture_needs_no_file(desk: Desk) -> None:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    QGuiApplication.clipboard().setImage(image)
    desk.chat.sources.paste()
    desk.qtbot.waitUntil(lambda: len(desk.chat.composer.media) == 1)
    assert desk.chat.composer.media[0].blank == "A blank red image."


def test_a_file_that_is_no_picture_is_named_in_the_status_line(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir")
    drop(desk, tmp_path / "letter.txt")
    desk.qtbot.waitUntil(lambda: "letter.txt" in desk.window.services.status.text)
    assert not desk.chat.composer.media


def test_an_address_from_a_browser_is_not_fetched(desk: Desk) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/cat.png")])
    desk.chat.sources.take_mime(mime)
    assert "fetches nothing" in desk.window.services.status.text


def test_stop_keeps_the_words_so_far(make_desk: MakeDesk) -> None:
    desk = make_desk(Script(("One", " two", " three"), hold_after=TextDelta(" two")))
    desk.chat.chat.ask("Count.")
    desk.qtbot.waitUntil(lambda: answers(desk) == ["One two"])
    desk.chat.chat.stop()
    desk.wait_for_end()
    assert answers(desk) == ["One two"]
    assert desk.chat.chat.turns[0].state == "stopped"


def test_a_question_asked_meanwhile_waits_and_gets_the_first_answer_to_read(make_desk: MakeDesk) -> None:
    desk = make_desk(Script(("One",), hold_after=TextDelta("One")), Script(("Two",)))
    desk.chat.chat.ask("First?")
    desk.qtbot.waitUntil(lambda: answers(desk) == ["One"])
    desk.chat.chat.ask("Second?")
    assert [turn.state for turn in desk.chat.chat.turns] == ["running", "waiting"]
    desk.engine.release()
    desk.wait_for_end()
    assert answers(desk) == ["One", "Two"]
    assert len(asks(desk)[1].request.messages) == 3


def test_asking_again_drops_what_came_after(make_desk: MakeDesk) -> None:
    desk = make_desk(Script(("One",)), Script(("Two",)), Script(("Three",)))
    desk.ask("First?")
    desk.ask("Second?")
    desk.chat.chat.ask_again(0)
    desk.wait_for_end()
    assert answers(desk) == ["Three"]


def test_an_edited_question_is_asked_in_its_place(make_desk: MakeDesk) -> None:
    desk = make_desk(Script(("One",)), Script(("Two",)))
    desk.attach(PICTURE)
    desk.ask("First?")
    desk.chat.transcript.edit_wanted.emit(0)
    assert desk.chat.composer.edit.toPlainText() == "First?"
    desk.ask("Other words?")
    assert [turn.question for turn in desk.chat.chat.turns] == ["Other words?"]
    assert len(asks(desk)[1].request.pictures) == 1


def test_a_blank_picture_is_named_without_asking_the_model(desk: Desk) -> None:
    desk.attach(SAMPLES / "scene-1.png")
    desk.chat.composer.suggestions.chips["caption"].click()
    desk.wait_for_end()
    assert answers(desk) == ["A blank blue image."]
    assert not asks(desk)


def test_a_failure_is_a_line_in_the_transcript_and_the_next_question_is_answered(make_desk: MakeDesk) -> None:
    desk = make_desk(Script((RuntimeError("No memory."),)), Script(("Two",)))
    desk.attach(PICTURE)
    desk.ask("First?")
    assert desk.chat.chat.turns[0].note == "No memory."
    desk.ask("Second?")
    assert answers(desk)[1] == "Two"
    assert len(asks(desk)[1].request.pictures) == 1  # what the failed question showed is not lost


def test_a_conversation_goes_on_while_another_is_shown(make_desk: MakeDesk) -> None:
    desk = make_desk(Script(("One", " two"), hold_after=TextDelta("One")))
    first = desk.chat.chat
    first.ask("Count.")
    desk.qtbot.waitUntil(lambda: answers(desk) == ["One"])
    desk.chat.new_chat()
    assert desk.chat.chat is not first
    desk.engine.release()
    desk.qtbot.waitUntil(lambda: first.turns[0].state == "done")
    assert first.turns[0].answer == "One two"
    assert desk.chat.chat.turns == []
