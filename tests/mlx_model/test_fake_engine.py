"""The scripted engine shows the states that a face has to be ready for, the same at each run."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mlx_model import job_thread
from mlx_model.errors import ModelNotFoundError
from mlx_model.events import Answered, Forgot, Planned, Prefilled, TextDelta, TilesEncoded
from mlx_model.prompting.prompt import Text
from mlx_model.protocol import Ask, EngineEvent, Failed, Load, LoadStarted, Stopped
from tests.fake_engine import FakeEngine, Script
from tests.mlx_model.asking import ask, noise
from tests.mlx_model.listening import Listener, only

FOLDER = Path("model")


@contextmanager
def scripted(*scripts: Script, **options: Any) -> Iterator[tuple[FakeEngine, Listener]]:
    engine = FakeEngine(*scripts, **options)
    try:
        yield engine, Listener(engine)
    finally:
        assert engine.close()


def question() -> Ask:
    return Ask(FOLDER, ask(noise(1024, 512), Text("What?")))


def test_the_same_script_gives_the_same_events() -> None:
    runs = []
    for _ in range(2):
        with scripted(Script()) as (_, listener):
            runs.append(listener.run(question()))
    assert runs[0] == runs[1]
    assert only(Answered, runs[0]).answer.text == "A red boat in a harbour."


def test_a_script_may_forget_of_a_conversation() -> None:
    with scripted(Script(forgot=Forgot(1, 2))) as (_, listener):
        events = listener.run(question())
    assert only(Answered, events).answer.forgot == only(Forgot, events) == Forgot(1, 2)
    assert events.index(Forgot(1, 2)) + 1 == events.index(only(Planned, events))


def test_figures_agree_with_the_pictures() -> None:
    with scripted() as (_, listener):
        events = listener.run(question())
    planned, answer = only(Planned, events), only(Answered, events).answer
    assert [(plan.rows, plan.cols) for plan in planned.plans] == [(1, 2)]
    assert (answer.image_tokens, answer.prompt_tokens) == (3 * 64, 3 * 64 + 20)
    assert [event.done for event in events if isinstance(event, TilesEncoded)] == [1, 2, 3]


def test_each_question_takes_the_next_script_and_the_last_one_stays() -> None:
    with scripted(Script(("one",)), Script(("two",))) as (engine, listener):
        listener.run(Load(FOLDER))
        texts = [only(Answered, listener.run(question())).answer.text for _ in range(3)]
        assert texts == ["one", "two", "two"]
        assert [type(job) for job in engine.jobs] == [Load, Ask, Ask, Ask]


def test_an_answer_may_fail_in_the_middle() -> None:
    with scripted(Script(("A red", RuntimeError("No memory."))), Script()) as (_, listener):
        events = listener.run(question())
        assert events[-2] == TextDelta("A red")
        assert only(Failed, events).error_type == "RuntimeError"
        assert only(Failed, events).sentence == "No memory."
        assert isinstance(listener.run(question())[-1], Answered)


def test_an_answer_may_repeat_itself() -> None:
    with scripted(Script(("the cat ",) * 8, finish_reason="repetition")) as (_, listener):
        answer = only(Answered, listener.run(question())).answer
    assert (answer.finish_reason, answer.generated_tokens) == ("repetition", 8)


def test_a_model_may_be_missing() -> None:
    with scripted(load_errors={FOLDER: ModelNotFoundError("It is not here.")}) as (_, listener):
        assert [type(event) for event in listener.run(question())] == [LoadStarted, Failed]


@pytest.mark.parametrize(
    "moment", [LoadStarted(FOLDER), TilesEncoded(2, 3), Prefilled(212, 212), TextDelta("A red boat")]
)
def test_a_moment_can_be_held_and_let_go(moment: EngineEvent) -> None:
    with scripted(Script(hold_after=moment)) as (engine, listener):
        job = listener.submit(question())
        assert engine.held.wait(10)
        listener.wait_for(job, type(moment))
        assert listener.of(job)[-1] == moment
        engine.release()
        assert isinstance(listener.wait(job)[-1], Answered)


def test_what_is_held_can_be_cancelled() -> None:
    with scripted(Script(hold_after=LoadStarted(FOLDER))) as (engine, listener):
        job = listener.submit(question())
        assert engine.held.wait(10)
        engine.cancel(job)
        assert isinstance(listener.wait(job)[-1], Stopped)


def test_slow_tokens_take_their_time_and_can_be_cut_short() -> None:
    with scripted(Script(("a ",) * 12, pause=0.05)) as (engine, listener):
        begin = time.perf_counter()
        job = listener.submit(question())
        listener.wait_for(job, TextDelta, 5)
        assert time.perf_counter() - begin > 0.1
        engine.cancel(job)
        assert only(Answered, listener.wait(job)).answer.finish_reason == "cancelled"


def test_nothing_is_left_of_the_values_in_a_failures_frames() -> None:
    """An array in a frame of the traceback would leave the engine's thread with it."""
    with scripted(Script((RuntimeError("No memory."),))) as (_, listener):
        error = only(Failed, listener.run(question())).error
    trace, held = error.__traceback__, []
    while trace is not None:
        held.append((trace.tb_frame.f_code.co_name, dict(trace.tb_frame.f_locals)))
        trace = trace.tb_next
    assert [name for name, _ in held][-1] == "_answer"
    assert all(not values for name, values in held if name != "_perform")


def test_a_worker_rests_when_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    rested = threading.Event()

    class Resting:
        loaded = None

        def stream(self, job: object, cancelled: threading.Event) -> Iterator[EngineEvent]:
            yield from ()

        def rest(self) -> None:
            rested.set()

        def end(self) -> None:
            pass

    engine = job_thread.JobThread(Resting(), idle_seconds=0.05)
    listener = Listener(engine)
    assert rested.wait(10)
    listener.run(Load(FOLDER))
    rested.clear()
    assert rested.wait(10)
    assert engine.close()


def test_an_answer_is_no_longer_than_was_asked_for() -> None:
    with scripted(Script(("a ",) * 13)) as (_, listener):
        answer = only(Answered, listener.run(question())).answer
    assert (answer.generated_tokens, answer.finish_reason) == (12, "length")
