"""Stopped, switched, swapped, unplugged, deleted, closed or killed at any moment: nothing hangs, leaks or is lost.

A crash ends the whole run; that no thread is left is asserted by `make_desk`.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.application import begin, make_engine, make_window
from app.desktop.place import place_in
from app.history import open_store
from app.shelf import models_folder
from tests.app.desktop.conftest import SAMPLES, Desk, MakeDesk
from tests.app.desktop.disorder import Disorder
from tests.checkpoints import write_checkpoint
from tests.conftest import ROOT
from tests.fake_cameras import FakeCameras
from tests.fake_engine import Script

COUNTING = Script(("One ", "two ", "three ") * 8, pause=0.001)
FAILING = (Script((RuntimeError("No memory."),)), Script(("One ", OSError("Gone."))))
SCRIPTS = (COUNTING, COUNTING, COUNTING, FAILING[0], COUNTING, COUNTING, FAILING[1], COUNTING)

# A window with a scripted engine that says what it has come to; it is killed in the middle of its third answer.
KILLED = """
import json, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from app.desktop.application import begin, make_application, make_window
from app.desktop.place import place_in
from tests.fake_engine import FakeEngine, Script

application = make_application()
words = tuple(f"word{number} " for number in range(40))
quick, slow = Script(words, pause=0.001), Script(words * 20, pause=0.01)
window = make_window(place_in(Path(sys.argv[1])), engine_maker=lambda settings: FakeEngine(quick, quick, slow))
begin(window)
section = window.section("chat")
window.take([Path(sys.argv[2])])

def look():
    turns = section.chat.turns
    if turns and turns[-1].is_open:
        if len(turns) == 3 and len(turns[-1].answer) > 20:
            print(json.dumps([turn.answer for turn in turns]), flush=True)
            timer.stop()
    elif section.composer.media or turns:
        section.composer.asked.emit(f"Question {len(turns) + 1}")

timer = QTimer()
timer.timeout.connect(look)
timer.start(1)
application.exec()
"""


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """What is dropped: pictures, and what is none."""
    (tmp_path / "letter.png").write_text("Dear Sir")
    return [*sorted(SAMPLES.glob("*.png")), tmp_path / "letter.png", tmp_path / "nowhere.png"]


@pytest.fixture
def models() -> list[str]:
    write_checkpoint(models_folder() / "other", "smollm2")
    return ["embedded", "other", "nowhere"]


@pytest.mark.parametrize("seed", range(30))
def test_any_order_of_doings_hangs_leaks_and_loses_nothing(
    seed: int, make_desk: MakeDesk, cameras: FakeCameras, models: list[str], files: list[Path], tmp_path: Path
) -> None:
    disorder = Disorder(make_desk(*SCRIPTS), seed, cameras, models, files)
    disorder.begin()
    disorder.do_anything(40)
    disorder.close()
    disorder.compare_with_history(tmp_path / "place" / "history")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_any_order_with_the_real_model_hangs_leaks_and_loses_nothing(
    seed: int, qtbot: QtBot, cameras: FakeCameras, files: list[Path], tmp_path: Path
) -> None:
    window = make_window(place_in(tmp_path / "place"), "embedded", make_engine)
    qtbot.addWidget(window)
    begin(window)
    qtbot.waitUntil(lambda: window.services.models.sight is not None, timeout=60_000)
    disorder = Disorder(Desk(qtbot, window), seed, cameras, ["embedded"], files)
    disorder.begin()
    disorder.do_anything(40)
    disorder.close()
    disorder.compare_with_history(tmp_path / "place" / "history")


@pytest.mark.parametrize("seed", range(3))
def test_a_process_killed_in_the_middle_of_an_answer_loses_its_words_alone(
    seed: int, make_desk: MakeDesk, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    command = [sys.executable, "-c", KILLED, str(place), str(SAMPLES / "scene-2.png")]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answers = json.loads(process.stdout.readline())
        time.sleep(random.Random(seed).uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    desk = make_desk()
    listed = desk.window.source_list.listed
    assert listed is not None
    desk.qtbot.waitUntil(lambda: listed.entries.rowCount() == 1)
    assert desk.window.services.status.text == ""
    listed.view.clicked.emit(listed.entries.index(0))
    desk.qtbot.waitUntil(lambda: len(desk.chat.chat.turns) == 3)
    turns = desk.chat.chat.turns
    assert [turn.question for turn in turns] == ["Question 1", "Question 2", "Question 3"]
    assert [turn.answer for turn in turns[:2]] == [answer.rstrip() for answer in answers[:2]]
    assert turns[2].state == "stopped"
    assert [medium.name for medium in turns[0].media] == ["scene-2.png"]
    desk.ask("And now?")
    assert turns[-1].answer == "A red boat in a harbour."
    desk.window.close()
    desk.window.services.wait()
    store, note = open_store(place / "history")
    assert store is not None and not note
    store.close()
