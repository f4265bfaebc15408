"""A window without a screen, and an engine that says what a script says.

No test leaves a thread behind: the engine's, the files' and the history's end with the window.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from app.desktop.application import begin, make_application, make_window
from app.desktop.chat.section import ChatSection
from app.desktop.place import place_in
from app.desktop.window import MainWindow
from app.settings import Settings
from tests.fake_cameras import FakeCameras, plain
from tests.fake_engine import FakeEngine, Script

SAMPLES = Path(__file__).parents[3] / "assets" / "samples"
RED = plain(200, 0, 0)
MakeDesk = Callable[..., "Desk"]


class Desk:
    """A shown window on a scripted engine, with the calls that tests make most."""

    engine: FakeEngine  # as soon as the window has made it

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot, self.window = qtbot, window

    @property
    def chat(self) -> ChatSection:
        section = self.window.section("chat")
        assert isinstance(section, ChatSection)
        return section

    def attach(self, *paths: Path) -> None:
        """Open files in the chat and wait until they are there."""
        before = len(self.chat.composer.media)
        self.window.take(list(paths))
        self.qtbot.waitUntil(lambda: len(self.chat.composer.media) == before + len(paths), timeout=10_000)

    def ask(self, question: str) -> None:
        """Type a question, send it, wait for the answer's end."""
        self.chat.composer.edit.setPlainText(question)
        self.chat.composer.edit.sent.emit()
        self.wait_for_end()

    def wait_for_end(self) -> None:
        self.qtbot.waitUntil(lambda: not any(turn.is_open for turn in self.chat.chat.turns), timeout=10_000)


@pytest.fixture(scope="session")
def qapp() -> object:
    return make_application(dark=False)


@pytest.fixture
def make_desk(qtbot: QtBot, tmp_path: Path) -> Iterator[MakeDesk]:
    desks: list[Desk] = []
    before = set(threading.enumerate())

    def make(*scripts: Script) -> Desk:
        def make_engine(settings: Settings) -> FakeEngine:
            made.engine = FakeEngine(*scripts)
            return made.engine

        made = Desk(qtbot, make_window(place_in(tmp_path / "place"), engine_maker=make_engine))
        qtbot.addWidget(made.window)
        begin(made.window)
        desks.append(made)
        return made

    yield make
    for desk in desks:
        desk.window.close()
    deadline = time.monotonic() + 2
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left, f"threads left behind: {left}"


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """A window whose engine says "A red boat in a harbour."."""
    return make_desk()


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> FakeCameras:
    """One camera that shows RED, and a machine on mains."""
    made = FakeCameras(RED)
    for module in ("app.camera", "app.desktop.live.section"):
        monkeypatch.setattr(f"{module}.SystemCameras", lambda: made)
    monkeypatch.setattr("app.desktop.live.session.on_battery", lambda: False)
    monkeypatch.setattr("app.desktop.capture.camera_feed.AGAIN", 0.05)
    return made
