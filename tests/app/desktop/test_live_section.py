"""Live watches a camera or the screen, says what is new, and lets go of both when nobody looks."""

import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractButton

from app.desktop.capture.region import RegionChooser
from app.desktop.live import screen_feed
from app.desktop.live import section as live_section
from app.desktop.live.section import LiveSection
from app.desktop.live.session import State
from app.live import power
from mlx_model.protocol import Ask, Glance
from tests.app.desktop.conftest import RED, SAMPLES, Desk, MakeDesk
from tests.app.desktop.test_accessibility import controls
from tests.fake_cameras import DESK, FakeCameras, plain
from tests.fake_engine import Script

GREEN = plain(0, 200, 0)
MakeLive = Callable[..., LiveSection]


@pytest.fixture
def live(desk: Desk, cameras: FakeCameras) -> LiveSection:
    return shown(desk)


def shown(desk: Desk) -> LiveSection:
    """The section with its camera listed."""
    desk.window.show_section("live")
    section = desk.window.section("live")
    assert isinstance(section, LiveSection)
    desk.qtbot.waitUntil(lambda: section.panel.device == DESK and desk.window.services.models.sight is not None)
    return section


def texts(section: LiveSection) -> list[str]:
    return [entry.text for entry in section.watcher.log.entries]


def test_a_caption_comes_and_none_again_while_nothing_changes(
    desk: Desk, live: LiveSection, cameras: FakeCameras
) -> None:
    live.toggle.trigger()
    desk.qtbot.waitUntil(lambda: live.watcher.unchanged > 5)
    assert texts(live) == ["A red boat in a harbour."]
    (asked,) = [job for job in desk.engine.jobs if isinstance(job, Ask)]
    assert (asked.request.detail, asked.fleeting, asked.conversation) == ("low", True, None)
    assert live.watcher.latency is not None
    live._show_facts()
    assert "frames/s" in live._facts.text() and "s after the frame" in live._facts.text()
    assert live.log_view.model().rowCount() == 1
    assert cameras.threads and len(cameras.threads) == 1


def test_a_caption_that_the_window_has_no_room_for_scrolls_with_its_last_words_in_sight(
    make_desk: MakeDesk, cameras: FakeCameras
) -> None:
    long = " ".join(f"Boat {number} lies in the harbour." for number in range(60))
    live = shown(desk := make_desk(Script(("A coconut and a helicopter beside it.",)), Script((long,))))
    desk.window.resize(900, 600)
    live.start()
    desk.qtbot.waitUntil(lambda: texts(live) == ["A coconut and a helicopter beside it."])
    bar, lines = live.caption.verticalScrollBar(), live.caption.words.fontMetrics().lineSpacing()
    desk.qtbot.waitUntil(lambda: bar.maximum() == 0 and live.caption.height() < 2 * lines)
    cameras.pixels = GREEN
    desk.qtbot.waitUntil(lambda: len(texts(live)) == 2)
    desk.qtbot.waitUntil(lambda: bar.value() == bar.maximum() > lines and live.caption.height() >= 2 * lines)
    assert live._facts.height() >= live._facts.sizeHint().height()
    assert live.preview.height() > 60
    desk.window.resize(1600, 1400)
    desk.qtbot.waitUntil(lambda: bar.maximum() == 0)


def test_a_change_that_the_model_sees_gets_a_caption_of_its_own(make_desk: MakeDesk, cameras: FakeCameras) -> None:
    desk = make_desk(Script(("Red.",)), Script(("Green.",)))
    live = shown(desk)
    live.start()
    desk.qtbot.waitUntil(lambda: texts(live) == ["Red."])
    cameras.pixels = GREEN
    desk.qtbot.waitUntil(lambda: texts(live) == ["Red.", "Green."])
    first = live.watcher.log.entries[0]
    assert first.ended == live.watcher.log.entries[1].began
    assert Image.open(BytesIO(first.thumbnail)).size == (160, 90)


def test_what_moves_without_meaning_is_glanced_at_and_not_captioned(
    desk: Desk, live: LiveSection, cameras: FakeCameras
) -> None:
    live.start()
    desk.qtbot.waitUntil(lambda: len(texts(live)) == 1)
    live.panel.threshold.setValue(live.panel.threshold.maximum())
    cameras.pixels = plain(200, 0, 0, corner=60)
    desk.qtbot.waitUntil(lambda: sum(isinstance(job, Glance) for job in desk.engine.jobs) == 2)
    before = live.watcher.unchanged
    desk.qtbot.waitUntil(lambda: live.watcher.unchanged > before + 3)
    assert sum(isinstance(job, Ask) for job in desk.engine.jobs) == 1


def test_the_newest_frame_is_next_and_none_waits_in_between(make_desk: MakeDesk, cameras: FakeCameras) -> None:
    desk = make_desk(Script(("One.",), pause=0.08), Script(("Last.",)))
    live = shown(desk)
    live.start()
    desk.qtbot.waitUntil(lambda: any(isinstance(job, Ask) for job in desk.engine.jobs))
    for green in range(40, 241, 40):
        cameras.pixels = plain(0, green, 0)
        desk.qtbot.wait(10)
    desk.qtbot.waitUntil(lambda: texts(live) == ["One.", "Last."])
    asked = [job for job in desk.engine.jobs if isinstance(job, Ask)]
    assert len(asked) <= 3
    assert np.asarray(asked[-1].request.pictures[0].image)[150, 150].tolist() == [0, 240, 0]


def test_another_question_is_asked_of_the_same_scene_while_it_runs(desk: Desk, live: LiveSection) -> None:
    live.start()
    desk.qtbot.waitUntil(lambda: len(texts(live)) == 1)
    live.panel.question.setPlainText("How many boats?")
    desk.qtbot.waitUntil(
        lambda: any(isinstance(job, Ask) and "How many boats?" in str(job.request.messages) for job in desk.engine.jobs)
    )


def test_a_wish_that_comes_true_is_told_once_and_logged(make_desk: MakeDesk, cameras: FakeCameras) -> None:
    desk = make_desk(Script(("Yes.",)), Script(("A dog.",)))
    live = shown(desk)
    live.panel.wishes.edit.setText("a dog")
    desk.qtbot.keyClick(live.panel.wishes.edit, Qt.Key.Key_Return)
    live.start()
    desk.qtbot.waitUntil(lambda: texts(live) == ["a dog", "A dog."])
    assert desk.window.services.status.text == "You asked to be told: a dog"
    remove = next(b for b in live.panel.findChildren(QAbstractButton) if b.accessibleName() == "Remove a dog")
    remove.click()
    assert live.watcher.triggers == []


def test_an_unplugged_camera_is_a_sentence_and_live_goes_on_when_it_is_back(
    desk: Desk, live: LiveSection, cameras: FakeCameras
) -> None:
    live.start()
    desk.qtbot.waitUntil(lambda: live.session.state is State.WATCHING)
    cameras.plugged_in = False
    desk.qtbot.waitUntil(lambda: live.session.state is State.WAITING)
    assert "Desk camera gives no pictures any more" in desk.window.services.status.text
    cameras.plugged_in = True
    desk.qtbot.waitUntil(lambda: live.session.state is State.WATCHING)
    live.session.stop()
    desk.qtbot.waitUntil(lambda: cameras.opened == cameras.closed == 2)


def test_live_rests_while_another_section_is_shown_unless_it_is_to_tell_something(
    desk: Desk, live: LiveSection, cameras: FakeCameras
) -> None:
    live.start()
    desk.qtbot.waitUntil(lambda: live.session.state is State.WATCHING)
    desk.window.show_section("chat")
    assert live.session.state is State.RESTING
    desk.qtbot.waitUntil(lambda: cameras.closed == 1)
    desk.window.show_section("live")
    desk.qtbot.waitUntil(lambda: live.session.state is State.WATCHING)
    live.watcher.add_trigger("a dog")
    desk.window.show_section("chat")
    assert live.session.state is State.WATCHING


def test_after_a_sleep_the_camera_is_opened_anew(desk: Desk, live: LiveSection, cameras: FakeCameras) -> None:
    live.start()
    desk.qtbot.waitUntil(lambda: live.session.state is State.WATCHING)
    live.session._ticked_at -= 3600
    live.session._tick()
    assert live.session.state is State.WAITING
    desk.qtbot.waitUntil(lambda: cameras.opened == 2 and live.session.state is State.WATCHING)


def test_on_battery_it_looks_less_often(
    desk: Desk, live: LiveSection, cameras: FakeCameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.desktop.live.session.on_battery", lambda: True)
    live.start()
    desk.qtbot.waitUntil(lambda: live.watcher.saves_power and len(texts(live)) == 1)
    jobs = len(desk.engine.jobs)
    cameras.pixels = GREEN
    reads = cameras.reads
    desk.qtbot.waitUntil(lambda: cameras.reads > reads + 10)
    assert len(desk.engine.jobs) == jobs
    live.watcher._looked -= 10
    desk.qtbot.waitUntil(lambda: len(desk.engine.jobs) > jobs)


def test_a_model_that_fails_stops_live_with_its_sentence(make_desk: MakeDesk, cameras: FakeCameras) -> None:
    desk = make_desk(Script((RuntimeError("No memory."),)))
    live = shown(desk)
    live.start()
    desk.qtbot.waitUntil(lambda: desk.window.services.status.text == "No memory.")
    assert live.session.state is State.OFF


def test_a_covered_lens_is_named_without_the_model(desk: Desk, live: LiveSection, cameras: FakeCameras) -> None:
    cameras.pixels = np.zeros((180, 320, 3), np.uint8)
    live.start()
    desk.qtbot.waitUntil(lambda: texts(live) == ["A blank black image."])
    assert not any(isinstance(job, Ask | Glance) for job in desk.engine.jobs)
    for number, pixels in enumerate((RED, np.zeros_like(RED), RED), 2):
        cameras.pixels = pixels
        desk.qtbot.waitUntil(lambda number=number: len(texts(live)) == number)  # type: ignore[misc]
    assert texts(live)[1::2] == ["A red boat in a harbour."] * 2


def test_without_a_camera_the_screen_is_offered_and_its_region_watched(
    desk: Desk, cameras: FakeCameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras.plugged_in = False
    picture = QImage(str(SAMPLES / "scene-2.png"))
    monkeypatch.setattr(live_section, "grab", lambda screen: picture)
    monkeypatch.setattr(screen_feed, "grab", lambda screen, area: picture)
    monkeypatch.setattr(screen_feed, "EVERY_MS", 10)
    desk.window.show_section("live")
    live = desk.window.section("live")
    assert isinstance(live, LiveSection)
    live.start()
    chooser = live._chooser
    assert isinstance(chooser, RegionChooser)
    before = QRect(chooser.area)
    desk.qtbot.keyClick(chooser, Qt.Key.Key_Right)
    desk.qtbot.keyClick(chooser, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert (chooser.area.x(), chooser.area.height()) == (before.x() + 20, before.height() + 20)
    desk.qtbot.keyClick(chooser, Qt.Key.Key_Return)
    desk.qtbot.waitUntil(lambda: len(texts(live)) == 1)


def test_a_screen_that_macos_hides_is_a_sentence(
    desk: Desk, live: LiveSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_section, "may_see_screen", lambda: False)
    live.choose_region()
    assert "macOS does not let this program see the screen" in desk.window.services.status.text
    assert live._chooser is None


def test_the_log_is_exported_and_a_folder_in_its_way_is_a_sentence(
    desk: Desk, live: LiveSection, tmp_path: Path
) -> None:
    live.start()
    desk.qtbot.waitUntil(lambda: live.export_action.isEnabled())
    live.export(tmp_path / "log.srt")
    assert "A red boat in a harbour." in (tmp_path / "log.srt").read_text()
    (tmp_path / "folder.srt").mkdir()
    live.export(tmp_path / "folder.srt")
    assert "could not be written to folder.srt" in desk.window.services.status.text


def test_every_control_of_it_has_a_name_and_a_tooltip(desk: Desk, live: LiveSection) -> None:
    live.panel.wishes.edit.setText("a dog")
    live.panel.wishes.add()
    assert not [type(w).__name__ for w in controls(live) if not w.accessibleName()]
    assert not [w.accessibleName() for w in live.findChildren(QAbstractButton) if not w.toolTip() and not w.text()]


def test_closing_while_it_watches_leaves_no_thread_and_no_open_camera(
    desk: Desk, live: LiveSection, cameras: FakeCameras
) -> None:
    live.start()
    desk.qtbot.waitUntil(lambda: live.session.state is State.WATCHING)
    begin = time.monotonic()
    desk.window.close()
    assert time.monotonic() - begin < 2
    assert cameras.opened == cameras.closed


def test_the_power_of_this_machine_is_known_without_an_error() -> None:
    assert power.on_battery() in (True, False)
