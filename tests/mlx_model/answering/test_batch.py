"""Many requests at once: each one's answer is the one that it gets alone."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

import assets
import mlx_model
from mlx_model.answering import batch as batching
from mlx_model.answering.batch import stream_batch
from mlx_model.errors import Cancelled, ContextLimitError, InputError
from mlx_model.events import Answer, Answered, Prefilled, TextDelta
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.media.image_files import open_image
from mlx_model.media.video import Watching, open_clip
from mlx_model.openings import stream_opened
from mlx_model.prompting.prompt import Picture, Text
from mlx_model.protocol import Done, Failed, ItemEvent, Opening
from mlx_model.request import Request, Sampling
from tests.clips import CLIPS
from tests.mlx_model.asking import ask, listen, noise


@dataclass
class HeardOfMany:
    """Everything that came of a batch."""

    events: list[ItemEvent] = field(default_factory=list)

    def of(self, item: int) -> list[Any]:
        return [event.event for event in self.events if event.item == item]

    def answer(self, item: int) -> Answer:
        (answered,) = [event for event in self.of(item) if isinstance(event, Answered)]
        assert answered is self.of(item)[-1]
        return answered.answer


def listen_to_many(checkpoint: Checkpoint, openings: list[Opening], size: int) -> HeardOfMany:
    return HeardOfMany(list(stream_batch(checkpoint, stream_opened(openings), size, threading.Event())))


def ready(requests: list[Request]) -> list[Opening]:
    return [lambda request=request: request for request in requests]  # type: ignore[misc]


def outcome(answer: Answer) -> tuple[object, ...]:
    confidence = answer.confidence and (round(answer.confidence.mean, 4), round(answer.confidence.lowest, 4))
    return answer.text, answer.finish_reason, answer.generated_tokens, answer.prompt_tokens, confidence


@pytest.fixture(scope="module")
def embedded() -> Checkpoint:
    return mlx_model.load(assets.path("embedded"))


@pytest.mark.slow
def test_the_sample_pictures_are_described_together_as_one_by_one(embedded: Checkpoint) -> None:
    pictures = [Picture(open_image(path)) for path in sorted(assets.path("samples").glob("*.png"))]
    questions = (("Describe this image.", "auto"), ("What is at the top?", "auto"), ("Describe this image.", 2))
    requests = [
        ask(picture, Text(words), detail=detail, max_tokens=48) for words, detail in questions for picture in pictures
    ]
    alone = [outcome(listen(embedded, request).answer) for request in requests]
    heard = listen_to_many(embedded, ready(requests), 6)
    assert [outcome(heard.answer(item)) for item in range(len(requests))] == alone
    assert len({text for text, *_ in alone}) > 8, "the pictures differ, so the answers must"


@pytest.mark.parametrize("size", [1, 3, 7])
def test_prompts_of_any_length_get_the_answers_that_they_get_alone(endless: Checkpoint, size: int) -> None:
    requests = [
        ask(noise(seed=1), Text("What?"), max_tokens=9),
        ask(Text("Hi"), max_tokens=20),
        ask(noise(seed=2), Text("What is that in the picture? " * 9), detail="high", max_tokens=3),
        ask(noise(seed=3), noise(seed=4), Text("What differs?"), max_tokens=1),
        ask(open_clip(CLIPS / "steady.mp4", watching=Watching(fps=2)), Text("What happens?"), max_tokens=12),
        ask(Text("a" * 300), max_tokens=14),
        ask(noise(seed=1), Text("What?"), max_tokens=0),
        ask(noise(seed=5), Text("What?"), max_tokens=300),  # past one growth of the cache
    ]
    heard = listen_to_many(endless, ready(requests), size)
    for item, request in enumerate(requests):
        assert outcome(heard.answer(item)) == outcome(listen(endless, request).answer)
        said = "".join(event.text for event in heard.of(item) if isinstance(event, TextDelta))
        assert said.rstrip() == heard.answer(item).text


def test_answers_end_by_stop_token_loop_or_length_each_for_itself(
    endless: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [ask(noise(seed=seed), Text("What?"), max_tokens=12) for seed in range(4)]
    common = listen(endless, requests[0]).answer
    ids = endless.tokenizer.encode(common.text)
    stopping = replace(endless, stop_ids=frozenset(ids[len(ids) // 2 :]))
    heard = listen_to_many(stopping, ready(requests), 4)
    reasons = [heard.answer(item).finish_reason for item in range(4)]
    assert reasons == [listen(stopping, request).answer.finish_reason for request in requests]
    assert "stop" in reasons


def test_drawing_with_a_seed_is_the_same_in_a_batch_and_a_penalty_counts_each_own_words(endless: Checkpoint) -> None:
    ways = (Sampling(1.0, seed=7), Sampling(1.0, top_p=0.9, seed=7), Sampling(repetition_penalty=1.5), Sampling())
    requests = [
        ask(Text(words), max_tokens=10, sampling=sampling) for sampling in ways for words in ("One?", "And two, three?")
    ]
    heard = listen_to_many(endless, ready(requests), 5)
    alone = [outcome(listen(endless, request).answer) for request in requests]
    assert [outcome(heard.answer(item)) for item in range(len(requests))] == alone


def test_one_that_fails_does_not_end_the_others(endless: Checkpoint) -> None:
    def broken() -> Request:
        raise InputError("b.png is damaged.")

    fine, too_long = ask(noise(), Text("What?")), ask(Text("a" * 9000))
    openings: list[Opening] = [lambda: fine, broken, lambda: too_long, lambda: None, lambda: fine]
    heard = listen_to_many(endless, openings, 2)
    alone = outcome(listen(endless, fine).answer)
    assert outcome(heard.answer(0)) == outcome(heard.answer(4)) == alone
    (failed,), (nothing,) = heard.of(1), heard.of(3)
    assert isinstance(failed, Failed) and failed.sentence == "b.png is damaged."
    assert nothing == Done()
    assert isinstance(heard.of(2)[-1], Failed) and isinstance(heard.of(2)[-1].error, ContextLimitError)


def test_what_nobody_expected_in_one_request_is_its_failure_alone(
    endless: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine, strange = ask(Text("Hi")), ask(noise(), Text("What?"))

    def explode(*_: object) -> Iterator[object]:
        raise RuntimeError("No memory.")
        yield

    monkeypatch.setattr("mlx_model.answering.looking.Looking._look_at", explode)
    heard = listen_to_many(endless, ready([fine, strange, fine]), 3)
    assert isinstance(heard.of(1)[-1], Failed) and heard.of(1)[-1].sentence == "No memory."
    assert heard.answer(0).text == heard.answer(2).text != ""


def test_no_more_than_the_size_is_decoded_at_a_time_and_a_free_place_is_taken_at_once(
    endless: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    widths: list[int] = []
    draw = batching._Batch._draw

    def watched(self: Any) -> Any:
        widths.append(len(self._rows))
        return draw(self)

    monkeypatch.setattr(batching._Batch, "_draw", watched)
    lengths = (3, 6, 2, 4, 5)
    listen_to_many(endless, ready([ask(Text("Hi"), max_tokens=length) for length in lengths]), 2)
    assert widths == [2] * 9 + [1, 1], "20 tokens, two at a time until only the last one is left"


def test_cancelled_between_tokens_nothing_more_comes(endless: Checkpoint) -> None:
    cancelled, heard = threading.Event(), []
    requests = [ask(Text("Hi"), max_tokens=50) for _ in range(4)]
    with pytest.raises(Cancelled):
        for event in stream_batch(endless, stream_opened(ready(requests)), 2, cancelled):
            heard.append(event)
            if sum(isinstance(one.event, TextDelta) for one in heard) == 6:
                cancelled.set()
    assert {event.item for event in heard} == {0, 1}
    assert sum(isinstance(one.event, Prefilled) for one in heard) == 2


def test_pictures_are_let_go_once_they_were_looked_at(endless: Checkpoint) -> None:
    import gc
    import weakref

    kept: list[weakref.ref[Any]] = []

    def opening() -> Request:
        picture = noise(seed=len(kept))
        kept.append(weakref.ref(picture.image))
        return ask(picture, Text("What?"), max_tokens=40)

    alive = []
    for event in stream_batch(endless, stream_opened([opening] * 30), 8, threading.Event()):
        if isinstance(event.event, Answered):
            gc.collect()
            alive.append(sum(reference() is not None for reference in kept))
    assert len(alive) == 30
    assert max(alive) <= 6, "those that were opened ahead, and the one in hand"
