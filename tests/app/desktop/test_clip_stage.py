"""A clip on the stage: its frames along a timeline, a part of it to ask about, times in answers that lead to frames."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl

from app.asking.clip_times import Span
from app.desktop.chat.answer_text import AnswerText
from app.desktop.stage.seen import nearest
from app.desktop.stage.stage import Stage
from mlx_model.media.video import Clip, Watching
from mlx_model.protocol import Ask
from tests.app.desktop.conftest import SAMPLES, Desk, MakeDesk
from tests.app.desktop.gaps import LONGEST_GAP, Gaps
from tests.clips import write_clip
from tests.fake_engine import Script

SECONDS = 6


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "boat.avi", count=10 * SECONDS, rate=10.0)


def shown(desk: Desk, clip: Path) -> Stage:
    """The stage with the clip attached and every frame that the model sees read."""
    desk.qtbot.waitUntil(lambda: desk.window.services.models.sight is not None)
    desk.attach(clip)
    stage = desk.chat.stage
    desk.qtbot.waitUntil(lambda: len(stage.film.frames) == SECONDS, timeout=10_000)
    return stage


def asked_clips(desk: Desk) -> list[Clip]:
    jobs = [job for job in desk.engine.jobs if isinstance(job, Ask)]
    return [part for part in jobs[-1].request.media if isinstance(part, Clip)]


def test_the_timeline_has_the_frames_that_the_model_sees_and_their_cost(desk: Desk, clip: Path) -> None:
    stage = shown(desk, clip)
    assert stage.timeline.isVisible()
    assert list(stage.film.frames) == list(stage.timeline._seen)
    assert "frame 1 of 6" in stage._caption.text() and "6 frames" in stage._caption.text()
    desk.attach(SAMPLES / "scene-2.png")
    assert not stage.timeline.isVisible()


def test_arrows_go_from_frame_to_frame_and_each_is_shown(desk: Desk, clip: Path) -> None:
    stage = shown(desk, clip)
    before = stage.view.grab().toImage()
    desk.qtbot.keyClick(stage.timeline, Qt.Key.Key_Right)
    assert stage.timeline.words.endswith("frame 2 of 6")
    assert stage.view.grab().toImage() != before
    desk.qtbot.keyClick(stage.timeline, Qt.Key.Key_End)
    assert stage.timeline.words.endswith("frame 6 of 6")


def test_a_part_chosen_by_keys_goes_into_the_question_and_into_the_history(desk: Desk, clip: Path) -> None:
    stage = shown(desk, clip)
    keys = desk.qtbot.keyClick
    keys(stage.timeline, Qt.Key.Key_Right)
    keys(stage.timeline, Qt.Key.Key_I)
    start = stage.timeline.current
    keys(stage.timeline, Qt.Key.Key_Right)
    keys(stage.timeline, Qt.Key.Key_O)
    (medium,) = desk.chat.composer.media
    assert medium.span is not None and medium.span.start == start
    assert "of 0:06" in medium.label
    desk.ask("What happens?")
    (asked,) = asked_clips(desk)
    assert (asked.watching.start, asked.watching.end) == (medium.span.start, medium.span.end)
    key = desk.chat.chat.conversation.id
    desk.chat.new_chat()
    desk.chat.chat.ask("Something else?")  # so that the first one is let go of
    desk.wait_for_end()
    desk.chat.open_conversation(key)
    desk.qtbot.waitUntil(lambda: desk.chat.chat.conversation.id == key)
    (again,) = desk.chat.chat.conversation.media
    assert again.span == medium.span


def test_a_bracket_is_dragged_and_backspace_takes_the_whole_again(desk: Desk, clip: Path) -> None:
    stage = shown(desk, clip)
    line, y = stage.timeline, 20
    middle = round(line.place_of(3.0))
    desk.qtbot.mousePress(line, Qt.MouseButton.LeftButton, pos=QPoint(round(line.place_of(0.0)) - 3, y))
    desk.qtbot.mouseMove(line, QPoint(middle, y))
    assert "3 frames" in stage._caption.text()  # what it would cost, while it is dragged
    desk.qtbot.mouseRelease(line, Qt.MouseButton.LeftButton, pos=QPoint(middle, y))
    (medium,) = desk.chat.composer.media
    assert medium.span is not None and abs(medium.span.start - 3.0) < 0.05
    desk.qtbot.keyClick(line, Qt.Key.Key_Backspace)
    (medium,) = desk.chat.composer.media
    assert medium.span is not None and medium.span.is_whole
    assert isinstance(medium.part, Clip) and medium.part.watching == Watching()


def test_a_part_of_a_clip_that_was_talked_about_is_asked_about_next(desk: Desk, clip: Path) -> None:
    stage = shown(desk, clip)
    desk.ask("What happens?")
    assert not desk.chat.composer.media
    stage.timeline.span_changed.emit(Span(1.0, 2.0, float(SECONDS)), True)
    (medium,) = desk.chat.composer.media
    desk.ask("And here?")
    assert [clip.watching.start for clip in asked_clips(desk)] == [0.0, 1.0]
    assert medium.label == "boat.avi, 0:01 – 0:02 of 0:06"


def test_a_time_in_an_answer_leads_to_its_frame(make_desk: MakeDesk, clip: Path) -> None:
    desk = make_desk(Script(("It turns green at 3 s, not at 45:00.",)))
    stage = shown(desk, clip)
    desk.ask("When?")
    answer = desk.chat.transcript.findChild(AnswerText)
    assert answer is not None
    assert answer.toHtml().count("clip-time:") == 1
    answer.anchorClicked.emit(QUrl("clip-time:3.0"))
    assert stage.timeline.current == nearest(list(stage.timeline._seen), 3.0)
    assert stage.timeline.current > 2


def test_without_a_clip_no_time_is_a_link(make_desk: MakeDesk) -> None:
    desk = make_desk(Script(("At 00:03 it is late.",)))
    desk.ask("When?")
    answer = desk.chat.transcript.findChild(AnswerText)
    assert answer is not None and "clip-time:" not in answer.toHtml()


def test_a_clip_that_is_gone_is_a_sentence_and_the_stage_keeps_what_it_has(desk: Desk, clip: Path) -> None:
    stage = shown(desk, clip)
    clip.unlink()
    stage.timeline.span_changed.emit(Span(0.5, 1.5, float(SECONDS)), True)
    desk.qtbot.waitUntil(lambda: "boat.avi" in desk.window.services.status.text)
    assert len(stage.film.frames) >= SECONDS


def test_closing_while_a_long_clip_is_read_ends_the_reading(desk: Desk, tmp_path: Path) -> None:
    long = write_clip(tmp_path / "long.avi", count=600, rate=10.0)
    desk.attach(long)
    desk.window.close()
    thread = desk.chat.stage.film._thread
    assert thread is None or not thread.is_alive()


def test_frames_before_a_part_are_said_not_to_be_seen(desk: Desk, clip: Path) -> None:
    stage = shown(desk, clip)
    stage.timeline.span_changed.emit(Span(3.0, 5.0, float(SECONDS)), True)
    stage.show_time(0.0)
    assert "not seen" in stage._caption.text()


def test_the_small_picture_of_a_part_is_its_first_frame(desk: Desk, clip: Path) -> None:
    stage = shown(desk, clip)
    before = desk.chat.composer.media[0].thumbnail
    stage.timeline.span_changed.emit(Span(3.0, 5.0, float(SECONDS)), True)
    after = desk.chat.composer.media[0].thumbnail
    assert abs(before.pixelColor(5, 5).red() - after.pixelColor(5, 5).red()) > 10


@pytest.mark.alone
def test_the_window_never_waits_while_frames_are_read_and_shown(desk: Desk, clip: Path) -> None:
    stage = desk.chat.stage
    gaps: list[float] = []
    for number in range(3):
        other = clip.with_name(f"{number}.avi")
        other.write_bytes(clip.read_bytes())
        desk.attach(other)
        watch = Gaps()
        for _ in range(SECONDS):
            desk.qtbot.keyClick(stage.timeline, Qt.Key.Key_Right)
            desk.qtbot.wait(10)
        desk.qtbot.waitUntil(lambda: len(stage.film.frames) >= SECONDS, timeout=10_000)
        gaps.append(watch.stop())
        if gaps[-1] < LONGEST_GAP:
            break
    assert min(gaps) < LONGEST_GAP
