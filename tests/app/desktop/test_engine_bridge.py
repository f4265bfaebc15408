"""The bridge: events arrive in the window's thread, in their order, and none after a job was dropped."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.engine_bridge import EngineBridge
from mlx_model.events import Answered, TextDelta
from mlx_model.prompting.prompt import Message, Text
from mlx_model.protocol import Ask, EngineEvent, Load, Stopped
from mlx_model.request import Request
from tests.fake_engine import FakeEngine, Script

FOLDER = Path("model")
Make = Callable[[FakeEngine], EngineBridge]


def ask() -> Ask:
    return Ask(FOLDER, Request((Message("user", (Text("What is it?"),)),)))


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Make]:
    made: list[EngineBridge] = []

    def make(engine: FakeEngine) -> EngineBridge:
        made.append(EngineBridge(lambda: engine))
        return made[-1]

    yield make
    for bridge in made:
        bridge.close()


def test_events_come_in_order_in_the_windows_thread(qtbot: QtBot, make: Make) -> None:
    bridge = make(FakeEngine(Script(("One", " two"))))
    heard: list[EngineEvent] = []
    threads = set()

    def listen(event: EngineEvent) -> None:
        heard.append(event)
        threads.add(threading.current_thread())

    bridge.start()
    bridge.submit(ask, listen)
    qtbot.waitUntil(lambda: bool(heard) and isinstance(heard[-1], Answered))
    assert [event.text for event in heard if isinstance(event, TextDelta)] == ["One", " two"]
    assert threads == {threading.current_thread()}
    assert not bridge.is_busy


def test_of_the_events_before_the_last_those_that_are_wanted_alone_come(qtbot: QtBot, make: Make) -> None:
    bridge = make(FakeEngine(Script(("One", " two"))))
    heard: list[EngineEvent] = []
    bridge.submit(ask, heard.append, lambda event: event == TextDelta(" two"))
    bridge.start()
    qtbot.waitUntil(lambda: not bridge.is_busy)
    assert [type(event) for event in heard] == [TextDelta, Answered] and heard[0] == TextDelta(" two")


def test_a_job_that_came_before_the_engine_is_carried_out_when_there_is_one(qtbot: QtBot, make: Make) -> None:
    bridge = make(FakeEngine())
    heard: list[EngineEvent] = []
    bridge.submit(lambda: Load(FOLDER), heard.append)
    bridge.start()
    qtbot.waitUntil(lambda: not bridge.is_busy)
    assert heard


def test_a_job_that_is_cancelled_before_the_engine_is_there_ends_as_stopped(qtbot: QtBot, make: Make) -> None:
    bridge = make(FakeEngine())
    heard: list[EngineEvent] = []
    bridge.cancel(bridge.submit(ask, heard.append))
    bridge.start()
    qtbot.waitUntil(lambda: not bridge.is_busy)
    assert heard == [Stopped()]


def test_nothing_is_heard_of_a_job_after_it_was_dropped(qtbot: QtBot, make: Make) -> None:
    engine = FakeEngine(Script(("One",) * 50, pause=0.002, hold_after=TextDelta("One")))
    bridge = make(engine)
    heard: list[EngineEvent] = []
    bridge.start()
    ticket = bridge.submit(ask, heard.append)
    qtbot.waitUntil(engine.held.is_set)
    bridge.drop(ticket)
    count = len(heard)
    bridge.submit(lambda: Load(FOLDER), lambda _: None)
    qtbot.waitUntil(lambda: not bridge.is_busy)
    assert len(heard) == count


def test_closing_ends_the_engine_in_the_middle_of_an_answer(qtbot: QtBot, make: Make) -> None:
    bridge = make(FakeEngine(Script(("One",) * 500, pause=0.01)))
    heard: list[EngineEvent] = []
    bridge.start()
    bridge.submit(ask, heard.append)
    qtbot.waitUntil(lambda: any(isinstance(event, TextDelta) for event in heard))
    assert bridge.close()
    count = len(heard)
    qtbot.wait(50)
    assert len(heard) == count


def test_an_engine_that_cannot_be_made_is_named(qtbot: QtBot) -> None:
    def fail() -> FakeEngine:
        raise OSError("no such library")

    bridge = EngineBridge(fail)
    with qtbot.waitSignal(bridge.failed_to_start) as told:
        bridge.start()
    assert "no such library" in told.args[0]
    bridge.close()
