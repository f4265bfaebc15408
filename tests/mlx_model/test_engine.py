"""The real engine: memory given back, known pictures not looked at again, cancelled within a step, a clean end."""

import gc
import logging
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import mlx.core as mx
import pytest

from mlx_model.answering import generate
from mlx_model.engine import MLXEngine
from mlx_model.errors import ContextLimitError
from mlx_model.events import Answered, Prefilled, TextDelta, TilesEncoded
from mlx_model.media import video
from mlx_model.media.video import Clip, Watching, open_clip
from mlx_model.prompting.prompt import Picture, Text
from mlx_model.protocol import (
    Ask,
    Done,
    EncodeAhead,
    EngineEvent,
    Failed,
    Glance,
    Job,
    JobEvent,
    Limit,
    Load,
    LoadStarted,
    Stopped,
)
from mlx_model.smolvlm import SmolVLM
from tests.clips import CLIPS, write_clip
from tests.mlx_model.asking import ask, count_calls, noise
from tests.mlx_model.listening import Listener, only
from tools.clean_exits import end_at_random


@pytest.fixture
def listener() -> Iterator[Listener]:
    engine = MLXEngine()
    yield Listener(engine)
    assert engine.close(60)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One entry for each batch of tiles that goes through the encoder."""
    return count_calls(monkeypatch, SmolVLM, "encode_tiles")


def question(folder: Path, picture: Picture | None = None, **options: Any) -> Ask:
    options.setdefault("detail", "high")
    return Ask(folder, ask(picture or noise(), Text("What?"), **options))


def about(folder: Path, clip: Clip) -> Ask:
    return Ask(folder, ask(clip, Text("What happens?")))


def said(events: list[EngineEvent]) -> tuple[str, object]:
    answer = only(Answered, events).answer
    return answer.text, answer.confidence


def cancel_after(engine: MLXEngine, job: Job, is_moment: Callable[[EngineEvent], bool]) -> list[EngineEvent]:
    """Everything that comes of a job that is cancelled from its own callback, so exactly then."""
    events: list[EngineEvent] = []
    ended = threading.Event()

    def hear(event: JobEvent) -> None:
        events.append(event.event)
        if is_moment(event.event):
            engine.cancel(event.job)
        if event.is_last:
            ended.set()

    engine.submit(job, hear)
    assert ended.wait(60)
    return events


def test_a_picture_that_was_looked_at_ahead_is_not_looked_at_again(
    listener: Listener, seeing_folder: Path, encoded: list[Any]
) -> None:
    fresh = said(listener.run(question(seeing_folder, noise(seed=1))))
    listener.run(EncodeAhead(seeing_folder, (noise(), noise(seed=2)), "high"))
    encoded.clear()
    both = [listener.run(question(seeing_folder, noise(seed=seed))) for seed in (0, 2)]
    assert encoded == []
    assert len({said(events) for events in both} | {fresh}) == 3
    last = [event for event in both[0] if isinstance(event, TilesEncoded)][-1]
    assert last.done == last.total == 9


def test_what_was_glanced_at_is_not_looked_at_again_by_a_fleeting_question_alone(
    listener: Listener, seeing_folder: Path, encoded: list[Any]
) -> None:
    picture = noise(seed=7)
    listener.run(Glance(seeing_folder, picture))
    question = Ask(seeing_folder, ask(picture, Text("What?"), detail="low"), fleeting=True)
    encoded.clear()
    quick = listener.run(question)
    assert encoded == []
    lasting = listener.run(replace(question, fleeting=False))
    assert len(encoded) == 1
    assert said(quick) == said(lasting)


def test_a_second_question_about_a_clip_neither_decodes_nor_encodes_what_was_seen(
    listener: Listener, seeing_folder: Path, encoded: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = open_clip(CLIPS / "steady.mp4")
    first = listener.run(about(seeing_folder, clip))
    assert (len(encoded), decoded := count_calls(monkeypatch, video, "stream_frames")) == (4, [])
    assert said(listener.run(about(seeing_folder, clip))) == said(first)
    assert listener.run(about(seeing_folder, open_clip(CLIPS / "steady.mp4", watching=Watching(max_frames=2))))
    assert (len(encoded), decoded) == (4, [])
    listener.run(about(seeing_folder, open_clip(CLIPS / "steady.mp4", watching=Watching(fps=2))))
    assert len(encoded) == 4 + 6, "two of the eight frames were known"
    assert decoded == [CLIPS / "steady.mp4"]


def test_a_clip_that_was_written_anew_is_looked_at_anew(
    listener: Listener, seeing_folder: Path, tmp_path: Path, encoded: list[Any]
) -> None:
    path = write_clip(tmp_path / "a.avi", count=10)
    listener.run(about(seeing_folder, open_clip(path)))
    path.unlink()
    write_clip(path, count=20)
    before = len(encoded)
    answer = said(listener.run(about(seeing_folder, open_clip(path))))
    engine = MLXEngine()
    assert answer == said(Listener(engine).run(about(seeing_folder, open_clip(path))))
    assert engine.close(60)
    assert len(encoded) > before


def test_frames_that_look_alike_are_encoded_once(
    listener: Listener, seeing_folder: Path, tmp_path: Path, encoded: list[Any]
) -> None:
    """Another clip too, if it shows what the first one showed."""
    for name in ("first.avi", "copy.avi"):
        path = write_clip(tmp_path / name, count=10, rate=1, still=True)
        assert only(Answered, listener.run(about(seeing_folder, open_clip(path)))).answer.plans[0].tiles == 10
        assert len(encoded) == 1


def test_known_pictures_and_frames_come_back_from_disk(
    seeing_folder: Path, tmp_path: Path, encoded: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two engines one after the other, as two runs are; then one whose files are gone, and one with another model."""
    jobs = (question(seeing_folder), about(seeing_folder, open_clip(CLIPS / "steady.mp4")))
    answers = []
    for used in (9 + 4, 0, 9 + 4):
        encoded.clear()
        engine = MLXEngine(feature_folder=tmp_path / "features")
        answers.append([said(Listener(engine).run(job)) for job in jobs])
        assert engine.close(60)
        assert len(encoded) == used
        if not used:
            shutil.rmtree(tmp_path / "features")
    assert answers[0] == answers[1] == answers[2]
    monkeypatch.setattr("mlx_model.loading.identity.model_identity", lambda folder: "another")
    encoded.clear()
    engine = MLXEngine(feature_folder=tmp_path / "features")
    Listener(engine).run(jobs[0])
    assert engine.close(60)
    assert len(encoded) == 9


def test_what_is_remembered_gives_the_answer_that_looking_gives(
    listener: Listener, seeing_folder: Path, encoded: list[Any]
) -> None:
    looked = said(listener.run(question(seeing_folder)))
    count = len(encoded)
    assert said(listener.run(question(seeing_folder))) == looked
    assert len(encoded) == count > 0


def test_another_detail_and_other_pixels_of_that_size_are_looked_at(
    listener: Listener, seeing_folder: Path, encoded: list[Any]
) -> None:
    for other in (question(seeing_folder), question(seeing_folder, detail=2), question(seeing_folder, noise(seed=1))):
        encoded.clear()
        listener.run(other)
        assert encoded


def test_an_engine_without_room_for_features_looks_each_time(seeing_folder: Path, encoded: list[Any]) -> None:
    engine = MLXEngine(feature_bytes=0)
    listener = Listener(engine)
    assert listener.run(EncodeAhead(seeing_folder, (noise(),), "high"))[-1] == Done()
    for _ in range(2):
        encoded.clear()
        listener.run(question(seeing_folder))
        assert encoded
    assert engine.close(60)


SCRAPS = 1000  # bytes: MLX keeps a thread's random state


def active_bytes() -> int:
    gc.collect()
    return mx.get_active_memory()


def test_an_idle_engine_gives_the_model_back_and_loads_it_when_asked(seeing_folder: Path) -> None:
    before = active_bytes()
    engine = MLXEngine(idle_seconds=0.2)
    told: list[Path | None] = []
    engine.watch(told.append)
    listener = Listener(engine)
    first = listener.run(question(seeing_folder))
    deadline = time.monotonic() + 30
    while active_bytes() > before + SCRAPS and time.monotonic() < deadline:
        time.sleep(0.05)
    assert active_bytes() <= before + SCRAPS
    while len(told) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert told == [seeing_folder, None], "an interface can show that the model is gone"
    again = listener.run(question(seeing_folder))
    assert isinstance(again[0], LoadStarted)
    assert said(again) == said(first)
    assert engine.close(60)


def test_a_closed_engine_holds_no_memory(seeing_folder: Path) -> None:
    before = active_bytes()
    engine = MLXEngine()
    Listener(engine).run(question(seeing_folder))
    assert active_bytes() > before + SCRAPS
    assert engine.close(60)
    assert active_bytes() <= before + SCRAPS


def test_loading_is_cancelled_before_the_model_is_there(seeing_folder: Path) -> None:
    engine = MLXEngine()
    events = cancel_after(engine, Load(seeing_folder), lambda event: isinstance(event, LoadStarted))
    assert [type(event) for event in events] == [LoadStarted, Stopped]
    assert isinstance(Listener(engine).run(question(seeing_folder))[-1], Answered)
    assert engine.close(60)


@pytest.mark.parametrize("kind", [TilesEncoded, Prefilled, TextDelta])
def test_a_cancel_acts_within_one_step(seeing_folder: Path, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "PREFILL_STEP", 32)
    engine = MLXEngine()
    count = 0

    def is_second(event: EngineEvent) -> bool:
        nonlocal count
        count += isinstance(event, kind)
        return count == 2

    events = cancel_after(engine, question(seeing_folder, max_tokens=500), is_second)
    assert sum(isinstance(event, kind) for event in events) == 2
    assert only(Answered, events).answer.finish_reason == "cancelled"
    assert engine.close(60)


def test_looking_ahead_is_cancelled_within_one_step(seeing_folder: Path) -> None:
    engine = MLXEngine()
    job = EncodeAhead(seeing_folder, (noise(), noise(seed=1)), "high")
    events = cancel_after(engine, job, lambda event: isinstance(event, TilesEncoded))
    assert sum(isinstance(event, TilesEncoded) for event in events) == 1
    assert events[-1] == Stopped()
    assert engine.close(60)


@pytest.mark.slow
def test_cancelled_at_any_moment_the_next_answer_is_right(listener: Listener, seeing_folder: Path) -> None:
    engine, draw = listener.engine, random.Random(0)
    assert isinstance(engine, MLXEngine)
    expected = [said(listener.run(question(seeing_folder, noise(seed=seed)))) for seed in range(3)]
    moments = len(listener.of(3))
    for number in range(50):
        left = draw.randrange(moments)

        def is_moment(event: EngineEvent) -> bool:
            nonlocal left
            left -= 1
            return left < 0

        cancel_after(engine, question(seeing_folder, noise(seed=100 + number)), is_moment)
        assert said(listener.run(question(seeing_folder, noise(seed=number % 3)))) == expected[number % 3]


def test_what_nobody_expected_is_logged_and_fails_its_job_alone(
    listener: Listener, seeing_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected = said(listener.run(question(seeing_folder)))

    def broken(*_: object) -> object:
        raise RuntimeError("No memory.")

    with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
        patch.setattr("mlx_model.answering.answer.stream_tokens", broken)
        failed = only(Failed, listener.run(question(seeing_folder)))
    assert (failed.error_type, failed.sentence) == ("RuntimeError", "No memory.")
    assert "Traceback" in caplog.text and "in broken" in caplog.text
    trace = failed.error.__traceback__
    while trace is not None:
        assert not any(isinstance(value, mx.array) for value in trace.tb_frame.f_locals.values())
        trace = trace.tb_next
    assert said(listener.run(question(seeing_folder))) == expected


def test_what_is_the_users_to_know_is_not_logged(
    listener: Listener, seeing_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    events = listener.run(Ask(seeing_folder, ask(Text("word " * 20000))))
    assert isinstance(only(Failed, events).error, ContextLimitError)
    assert not caplog.text


@pytest.mark.slow
def test_a_process_ends_cleanly_whatever_the_engine_is_doing(seeing_folder: Path) -> None:
    """`python -m tools.clean_exits 50` looks longer."""
    assert [end for end in end_at_random(seeing_folder, 10) if not end.is_clean] == []


@pytest.mark.parametrize("bits", [8, 4])
def test_a_packed_conversation_takes_less_and_goes_on(
    seeing_folder: Path, monkeypatch: pytest.MonkeyPatch, bits: Literal[8, 4]
) -> None:
    monkeypatch.setattr("mlx_model.engine.PACKED_FROM", 100)
    sizes, answers = [], []
    for kv_bits in (None, bits):
        engine = MLXEngine(kv_bits=kv_bits)
        listener = Listener(engine)
        question = Ask(seeing_folder, ask(noise(), Text("What?"), detail="high"), conversation="one")
        answers.append([only(Answered, listener.run(question)).answer for _ in range(2)])
        kept = engine._worker._kept  # type: ignore[attr-defined]
        sizes.append(kept.nbytes)
        assert engine.close(60)
    assert sizes[1] < sizes[0] / 3
    assert [again.cached_tokens for _, again in answers] == [first.prompt_tokens - 1 for first, _ in answers]


def test_heads_that_cannot_be_packed_are_a_sentence(seeing_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(head_dim: int) -> int:
        raise ValueError(f"heads of {head_dim} numbers")

    monkeypatch.setattr("mlx_model.cache.group_size", refuse)
    engine = MLXEngine(kv_bits=8)
    failed = Listener(engine).run(Load(seeing_folder))[-1]
    assert isinstance(failed, Failed) and failed.error_type == "CheckpointError"
    assert "cannot be packed: heads of 64 numbers" in failed.sentence
    assert engine.close(60)


def test_without_bytes_for_them_no_conversation_is_kept(seeing_folder: Path) -> None:
    engine = MLXEngine(session_bytes=0)
    question = Ask(seeing_folder, ask(noise(), Text("What?")), conversation="one")
    listener = Listener(engine)
    assert [only(Answered, listener.run(question)).answer.cached_tokens for _ in range(2)] == [0, 0]
    assert engine.close(60)


def limit(idle_seconds: float | None = None, feature_bytes: int = 2**28, session_bytes: int = 2**30) -> Limit:
    return Limit(idle_seconds, feature_bytes, session_bytes, None, 0)


def test_a_lower_limit_gives_back_what_is_over_it_and_a_higher_one_holds_again(
    listener: Listener, seeing_folder: Path, encoded: list[Any]
) -> None:
    """What was seen, and what was read of conversations."""
    asked = Ask(seeing_folder, ask(noise(), Text("What?"), detail="high"), conversation="one")
    listener.run(asked)
    looks, known = [], []
    for job in (limit(), limit(feature_bytes=0, session_bytes=0), limit()):
        assert listener.run(job) == [Done()]
        for _ in range(2):
            encoded.clear()
            known.append(only(Answered, listener.run(asked)).answer.cached_tokens > 0)
            looks.append(bool(encoded))
    assert looks == [False, False, True, True, True, False]
    assert known == [True, True, False, False, False, True]


def test_a_limit_on_disk_holds_from_the_next_picture_on(
    listener: Listener, seeing_folder: Path, tmp_path: Path
) -> None:
    listener.run(question(seeing_folder))
    listener.run(Limit(None, 2**28, 2**30, tmp_path / "features", 2**30))
    listener.run(question(seeing_folder, noise(seed=1)))
    assert len(kept := list((tmp_path / "features").iterdir())) == 1
    listener.run(limit())
    listener.run(question(seeing_folder, noise(seed=2)))
    assert list((tmp_path / "features").iterdir()) == kept


def test_an_idle_time_that_is_set_while_it_rests_unloads_the_model(listener: Listener, seeing_folder: Path) -> None:
    told: list[Path | None] = []
    listener.engine.watch(told.append)
    listener.run(Load(seeing_folder))
    listener.run(limit(idle_seconds=0.05))
    deadline = time.monotonic() + 30
    while told != [seeing_folder, None] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert told == [seeing_folder, None]
