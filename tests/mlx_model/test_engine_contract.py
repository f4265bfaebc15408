"""What every engine promises, whatever answers in it."""

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlx_model.engine import MLXEngine
from mlx_model.errors import CheckpointError, InputError, ModelError
from mlx_model.events import Answered, Planned, Prefilled, TextDelta, TilesEncoded
from mlx_model.prompting.prompt import Text
from mlx_model.protocol import (
    LAST,
    Ask,
    AskMany,
    Done,
    EncodeAhead,
    Engine,
    EngineEvent,
    Failed,
    Forget,
    Glance,
    Glimpsed,
    ItemEvent,
    Job,
    JobEvent,
    Limit,
    Load,
    Loaded,
    LoadStarted,
    OpenSession,
    SaveSession,
    Stopped,
    Unload,
)
from mlx_model.request import Request
from tests.checkpoints import write_checkpoint
from tests.fake_engine import FakeEngine, Script
from tests.mlx_model.asking import ask, noise
from tests.mlx_model.listening import Listener, only


@dataclass
class Bench:
    """An engine with two models that it can load and one that it cannot."""

    engine: Engine
    listener: Listener
    folder: Path
    other: Path
    missing: Path

    def question(self, *, words: int = 12, folder: Path | None = None, conversation: str | None = None) -> Ask:
        request = ask(noise(), Text("What?"), max_tokens=words, detail="high", repetition_guard=False)
        return Ask(folder or self.folder, request, conversation=conversation)

    def cached_tokens(self, job: Job) -> int:
        return only(Answered, self.listener.run(job)).answer.cached_tokens


@pytest.fixture(scope="module")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("other"), "500m", seed=1)


@pytest.fixture(params=["scripted", "real"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, seeing_folder: Path, other_folder: Path) -> Iterator[Bench]:
    missing = tmp_path / "missing"
    engine: Engine
    if request.param == "real":
        engine = MLXEngine()
    else:
        error = CheckpointError(f"{missing} is no folder.")
        engine = FakeEngine(Script(("a word ",) * 4000, pause=0.001), load_errors={missing: error})
    yield Bench(engine, Listener(engine), seeing_folder, other_folder, missing)
    assert engine.close(60)


def kinds(events: Sequence[EngineEvent]) -> list[type]:
    """The kinds of event in their order, each once."""
    return list(dict.fromkeys(type(event) for event in events))


def test_a_question_goes_from_the_folder_to_the_answer(bench: Bench) -> None:
    events = bench.listener.run(bench.question())
    assert kinds(events) == [LoadStarted, Loaded, Planned, TilesEncoded, Prefilled, TextDelta, Answered]
    answer = only(Answered, events).answer
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert "".join(deltas).rstrip() == answer.text != ""
    assert answer.plans == only(Planned, events).plans


def test_a_model_is_loaded_once_for_many_jobs(bench: Bench) -> None:
    assert kinds(bench.listener.run(Load(bench.folder))) == [LoadStarted, Loaded, Done]
    assert kinds(bench.listener.run(Load(bench.folder))) == [Done]
    assert LoadStarted not in kinds(bench.listener.run(bench.question()))


def test_what_was_loaded_says_what_it_can_do(bench: Bench) -> None:
    loaded = only(Loaded, bench.listener.run(Load(bench.folder)))
    assert loaded.folder == bench.folder
    assert loaded.seconds > 0 and loaded.context == 8192
    assert loaded.image_config is not None and loaded.image_config.high == 4


def test_limits_are_set_with_or_without_a_model(bench: Bench) -> None:
    limit = Limit(None, 2**20, 2**20, None, 0)
    assert kinds(bench.listener.run(limit)) == [Done]
    bench.listener.run(Load(bench.folder))
    assert kinds(bench.listener.run(limit)) == [Done]
    assert kinds(bench.listener.run(Load(bench.folder))) == [Done]


def test_models_are_swapped_by_asking_another(bench: Bench) -> None:
    for folder in (bench.folder, bench.other, bench.folder):
        events = bench.listener.run(bench.question(folder=folder))
        assert only(Loaded, events).folder == folder
        assert isinstance(events[-1], Answered)


def test_an_unloaded_model_is_loaded_again_when_it_is_needed(bench: Bench) -> None:
    bench.listener.run(Load(bench.folder))
    assert kinds(bench.listener.run(Unload())) == [Done]
    assert kinds(bench.listener.run(Unload())) == [Done]
    assert Loaded in kinds(bench.listener.run(bench.question()))


def test_whoever_watches_is_told_which_model_is_loaded_whenever_that_changes(bench: Bench) -> None:
    told: list[Path | None] = []
    bench.engine.watch(told.append)
    for job in (Load(bench.folder), bench.question(), Load(bench.other), Load(bench.missing), Unload(), Unload()):
        bench.listener.run(job)
    assert told == [bench.folder, None, bench.other, None]


def test_a_watcher_that_fails_is_not_told_again(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    told: list[Path | None] = []

    def deaf(folder: Path | None) -> None:
        told.append(folder)
        raise RuntimeError("The window is gone.")

    bench.engine.watch(deaf)
    assert kinds(bench.listener.run(Load(bench.folder))) == [LoadStarted, Loaded, Done]
    bench.listener.run(Unload())
    assert told == [bench.folder]
    assert "Whoever watches the engine failed" in caplog.text


def test_pictures_are_looked_at_ahead_of_the_question(bench: Bench) -> None:
    question = bench.question()
    pictures = tuple(question.request.pictures)
    events = bench.listener.run(EncodeAhead(bench.folder, pictures, "high"))
    assert kinds(events) == [LoadStarted, Loaded, TilesEncoded, Done]
    last = [event for event in events if isinstance(event, TilesEncoded)][-1]
    planned = only(Planned, bench.listener.run(question))
    assert (last.done, last.total) == (planned.plans[0].tiles,) * 2


def test_a_glance_says_in_numbers_how_alike_pictures_are(bench: Bench) -> None:
    first, again, other = (
        only(Glimpsed, bench.listener.run(Glance(bench.folder, noise(seed=seed)))).features for seed in (0, 0, 1)
    )
    assert first == again != other
    assert math.hypot(*first) == pytest.approx(1, abs=1e-3)


def test_a_conversation_is_not_read_twice(bench: Bench) -> None:
    question = bench.question(conversation="one")
    assert bench.cached_tokens(question) == 0
    assert 0 < bench.cached_tokens(question) < 2000
    assert bench.cached_tokens(bench.question()) == 0


def test_a_forgotten_conversation_is_read_again(bench: Bench) -> None:
    question = bench.question(conversation="one")
    assert kinds(bench.listener.run(Forget("one"))) == [Done]
    for forgetting in (Forget("one"), Unload()):
        assert bench.cached_tokens(question) == 0
        assert kinds(bench.listener.run(Forget("other"))) == [Done]
        assert bench.cached_tokens(question) > 0
        assert kinds(bench.listener.run(forgetting)) == [Done]


def test_jobs_come_in_the_order_in_which_they_were_submitted(bench: Bench) -> None:
    jobs = [bench.listener.submit(job) for job in (Load(bench.folder), bench.question(), Unload(), bench.question())]
    bench.listener.wait(jobs[-1])
    told = [event.job for event in bench.listener.heard]
    assert told == sorted(told) and set(told) == set(jobs)


def test_every_event_comes_on_one_thread_that_is_not_the_callers(bench: Bench) -> None:
    bench.listener.run(Load(bench.folder))
    bench.listener.run(bench.question())
    assert len(bench.listener.threads) == 1
    assert threading.get_ident() not in bench.listener.threads


@pytest.mark.parametrize("kind", [Planned, TilesEncoded, Prefilled, TextDelta])
def test_a_cancelled_question_ends_soon_with_what_was_said(bench: Bench, kind: type) -> None:
    job = bench.listener.submit(bench.question(words=4000))
    bench.listener.wait_for(job, kind)
    bench.engine.cancel(job)
    events = bench.listener.wait(job)
    answer = only(Answered, events).answer
    assert answer.finish_reason == "cancelled"
    assert "".join(event.text for event in events if isinstance(event, TextDelta)).rstrip() == answer.text
    assert answer.generated_tokens < 4000


def test_a_job_that_is_cancelled_while_it_waits_never_begins(bench: Bench) -> None:
    running = bench.listener.submit(bench.question(words=4000))
    waiting = bench.listener.submit(bench.question())
    bench.listener.wait_for(running, TextDelta)
    bench.engine.cancel(waiting)
    bench.engine.cancel(running)
    assert kinds(bench.listener.wait(waiting)) == [Stopped]
    assert isinstance(bench.listener.of(running)[-1], Answered)


def test_after_a_cancelled_question_the_next_is_answered_in_full(bench: Bench) -> None:
    whole = only(Answered, bench.listener.run(bench.question())).answer
    for kind in (TilesEncoded, TextDelta):
        job = bench.listener.submit(bench.question(words=4000))
        bench.listener.wait_for(job, kind)
        bench.engine.cancel(job)
        again = only(Answered, bench.listener.run(bench.question())).answer
        assert (again.text, again.confidence, again.finish_reason) == (
            whole.text,
            whole.confidence,
            whole.finish_reason,
        )


def test_cancelling_what_has_ended_or_never_was_does_nothing(bench: Bench) -> None:
    job = bench.listener.submit(Load(bench.folder))
    bench.listener.wait(job)
    bench.engine.cancel(job)
    bench.engine.cancel(4711)
    assert kinds(bench.listener.run(Load(bench.folder))) == [Done]


def test_a_model_that_is_not_there_fails_its_job_alone(bench: Bench) -> None:
    for job in (Load(bench.missing), bench.question(folder=bench.missing)):
        failed = bench.listener.run(job)[-1]
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, ModelError)
        assert (failed.error_type, str(bench.missing) in failed.sentence) == ("CheckpointError", True)
    assert isinstance(bench.listener.run(bench.question())[-1], Answered)


def test_a_listener_that_fails_ends_its_own_job_alone(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[JobEvent] = []

    def deaf(event: JobEvent) -> None:
        heard.append(event)
        raise RuntimeError("The window is gone.")

    bench.engine.submit(bench.question(words=4000), deaf)
    assert isinstance(bench.listener.run(bench.question())[-1], Answered)
    assert len(heard) == 1
    assert "The window is gone." in caplog.text


def test_many_are_answered_and_each_ends_once_in_its_own_way(bench: Bench) -> None:
    def broken() -> Request:
        raise InputError("b.png is damaged.")

    def fine() -> Request:
        return bench.question().request

    events = bench.listener.run(AskMany(bench.folder, iter([lambda: None, broken, fine, fine, fine]), 2))
    of_items = [event for event in events if isinstance(event, ItemEvent)]
    endings = {event.item: event.event for event in of_items if isinstance(event.event, LAST)}
    assert [type(endings[item]) for item in range(5)] == [Done, Failed, Answered, Answered, Answered]
    assert events[-1] == Done()
    assert kinds([event.event for event in of_items if event.item == 2]) == [
        Planned,
        TilesEncoded,
        Prefilled,
        TextDelta,
        Answered,
    ]
    assert [type(event) for event in events].index(Loaded) > events.index(ItemEvent(0, Done()))


def test_many_with_nothing_to_ask_need_no_model(bench: Bench) -> None:
    events = bench.listener.run(AskMany(bench.missing, [lambda: None] * 20))
    assert events == [*(ItemEvent(item, Done()) for item in range(20)), Done()]


def test_many_that_are_cancelled_stop_and_open_no_more(bench: Bench) -> None:
    opened: list[int] = []

    def opening() -> Request:
        opened.append(1)
        return bench.question(words=4000).request

    job = bench.listener.submit(AskMany(bench.folder, [opening] * 1000, 2))
    bench.listener.wait_for_item(job, TextDelta)
    bench.engine.cancel(job)
    assert bench.listener.wait(job)[-1] == Stopped()
    assert len(opened) < 12
    assert isinstance(bench.listener.run(bench.question())[-1], Answered)


def test_many_of_a_model_that_is_not_there_fail_once(bench: Bench) -> None:
    events = bench.listener.run(AskMany(bench.missing, [lambda: bench.question().request] * 3))
    assert kinds(events) == [LoadStarted, Failed]


def test_jobs_may_be_submitted_and_cancelled_from_many_threads(bench: Bench) -> None:
    ids: list[int] = []

    def busy() -> None:
        jobs: list[Job] = [Load(bench.folder), bench.question(), Unload(), bench.question()]
        for number, job in enumerate(jobs):
            ids.append(bench.listener.submit(job))
            if number % 2:
                bench.engine.cancel(ids[-1])

    threads = [threading.Thread(target=busy) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 16
    for job in ids:
        lasts = [event for event in bench.listener.wait(job) if isinstance(event, LAST)]
        assert lasts == bench.listener.of(job)[-1:]


def test_closing_ends_every_job_and_the_thread(bench: Bench) -> None:
    before = threading.active_count()
    jobs = [bench.listener.submit(bench.question(words=4000)) for _ in range(3)]
    bench.listener.wait_for(jobs[0], TextDelta)
    assert bench.engine.close(60)
    assert threading.active_count() == before - 1
    lasts = [[event for event in bench.listener.of(job) if isinstance(event, LAST)] for job in jobs]
    assert [[type(event) for event in last] for last in lasts] == [[Answered], [Stopped], [Stopped]]


def test_a_closed_engine_takes_no_more_jobs(bench: Bench) -> None:
    assert bench.engine.close() and bench.engine.close()
    bench.engine.cancel(1)
    with pytest.raises(RuntimeError, match="closed"):
        bench.listener.submit(Load(bench.folder))


def test_what_was_read_is_written_to_a_file_and_taken_back(bench: Bench, tmp_path: Path) -> None:
    question, file = bench.question(conversation="one"), tmp_path / "session"
    bench.listener.run(question)
    assert kinds(bench.listener.run(SaveSession(bench.folder, "one", file))) == [Done]
    bench.listener.run(Unload())
    assert kinds(bench.listener.run(OpenSession(bench.folder, "one", file))) == [LoadStarted, Loaded, Done]
    assert bench.cached_tokens(question) > 0


@pytest.mark.parametrize("kind", [SaveSession, OpenSession])
def test_what_is_not_there_is_neither_written_nor_taken_back(
    bench: Bench, tmp_path: Path, kind: type[SaveSession | OpenSession]
) -> None:
    failed = bench.listener.run(kind(bench.folder, "one", tmp_path / "session"))[-1]
    assert isinstance(failed, Failed) and failed.error_type == "SaveError"
    assert not (tmp_path / "session").exists()
