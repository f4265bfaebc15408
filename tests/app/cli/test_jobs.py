"""A job's events in the thread that asked: they come as they are, or raise what the job ended with."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.jobs import stream_job
from mlx_model.errors import Cancelled, CheckpointError
from mlx_model.events import Answered, TextDelta
from mlx_model.prompting.prompt import Text
from mlx_model.protocol import Ask, Done, Load, Loaded, LoadStarted
from tests.fake_engine import FakeEngine, Script
from tests.mlx_model.asking import ask

FOLDER, MISSING = Path("model"), Path("missing")
SLOW = Script(("a ",) * 1000, pause=0.01)


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    engine = FakeEngine(SLOW, load_errors={MISSING: CheckpointError("It is damaged.")})
    yield engine
    assert engine.close()


def question(words: int = 3) -> Ask:
    return Ask(FOLDER, ask(Text("What?"), max_tokens=words))


def test_events_come_up_to_the_last(engine: FakeEngine) -> None:
    assert [type(event) for event in stream_job(engine, Load(FOLDER), threading.Event())] == [LoadStarted, Loaded, Done]
    *_, last = stream_job(engine, question(), threading.Event())
    assert isinstance(last, Answered)
    assert last.answer.text == "a a a"


def test_what_a_job_failed_with_is_raised(engine: FakeEngine) -> None:
    with pytest.raises(CheckpointError, match="damaged"):
        list(stream_job(engine, Load(MISSING), threading.Event()))


def test_asked_to_stop_it_ends_with_what_was_said(engine: FakeEngine) -> None:
    stopped = threading.Event()
    for event in stream_job(engine, question(1000), stopped):
        if isinstance(event, TextDelta):
            stopped.set()
    assert isinstance(event, Answered)
    assert event.answer.finish_reason == "cancelled"


def test_stopped_before_it_began_it_is_cancelled(engine: FakeEngine) -> None:
    stopped = threading.Event()
    stopped.set()
    busy = stream_job(engine, question(1000), threading.Event())
    next(busy)
    waiting = stream_job(engine, question(), stopped)
    threading.Timer(0.3, busy.close).start()
    with pytest.raises(Cancelled):
        list(waiting)


def test_a_job_that_nobody_listens_to_any_more_is_cancelled() -> None:
    """Otherwise it would hold up the next one, here for ever."""
    engine = FakeEngine(Script(hold_after=LoadStarted(FOLDER)))
    begun = stream_job(engine, question(), threading.Event())
    next(begun)
    begun.close()
    assert list(stream_job(engine, Load(FOLDER), threading.Event())) == [Done()]
    assert engine.close()
