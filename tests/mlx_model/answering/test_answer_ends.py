"""Every way in which an answer ends, and what ends a request before it begins."""

import threading
from dataclasses import dataclass, replace

import pytest

from mlx_model.answering import generate, looking
from mlx_model.answering.answer import stream_answer
from mlx_model.errors import ContextLimitError
from mlx_model.events import Answered, Planned, Prefilled, TextDelta, TilesEncoded
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.prompting.prompt import Text
from mlx_model.request import Request
from tests.mlx_model.asking import Heard, Spoken, ask, count_calls, listen, noise, say, white


def test_no_token_at_all_is_an_empty_answer(endless: Checkpoint) -> None:
    answer = listen(endless, ask(Text("Hi"), max_tokens=0)).answer
    assert (answer.text, answer.generated_tokens, answer.confidence) == ("", 0, None)
    assert (answer.seconds.first_token, answer.seconds.decode, answer.tokens_per_second) == (None, None, None)


def test_a_stop_token_ends_the_answer_and_is_no_part_of_it(endless: Checkpoint, spoken: Spoken) -> None:
    request = ask(Text("What?"))
    listen(endless, request)
    ids = spoken.ids
    last = next(place for place in range(3, 12) if ids[place] not in ids[:place])
    answer = listen(replace(endless, stop_ids=frozenset({ids[last]})), request).answer
    assert (answer.finish_reason, answer.generated_tokens) == ("stop", last)
    assert answer.text == endless.tokenizer.decode(ids[:last]).strip()


def test_an_answer_may_end_before_it_began(endless: Checkpoint, spoken: Spoken) -> None:
    listen(endless, ask(Text("What?")))
    answer = listen(replace(endless, stop_ids=frozenset(spoken.ids[:1])), ask(Text("What?"))).answer
    assert (answer.finish_reason, answer.text, answer.generated_tokens) == ("stop", "", 0)
    assert answer.seconds.first_token is not None


def test_a_loop_is_ended_and_said_so(endless: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, endless.tokenizer.encode(" the cat") * 500)
    answer = listen(endless, ask(Text("What?"), max_tokens=1000)).answer
    assert (answer.finish_reason, answer.generated_tokens) == ("repetition", 64)


def test_the_guard_can_be_switched_off(endless: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, [70] * 500)
    answer = listen(endless, ask(Text("What?"), max_tokens=200, repetition_guard=False)).answer
    assert (answer.finish_reason, answer.generated_tokens) == ("length", 200)


@dataclass
class Stop:
    """Sets `cancelled` as soon as an event of `kind` has come `times` times."""

    kind: type
    times: int = 1

    def listen(self, checkpoint: Checkpoint, request: Request) -> Heard:
        cancelled, heard = threading.Event(), Heard()
        for event in stream_answer(checkpoint, request, cancelled):
            heard.events.append(event)
            if len(heard.of(self.kind)) == self.times:
                cancelled.set()
        return heard


def test_stopped_between_tiles_no_further_tile_is_encoded(endless: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlx_model.answering.features.TILES_PER_BATCH", 1)
    encoded = count_calls(monkeypatch, type(endless.model), "encode_tiles")
    heard = Stop(TilesEncoded, times=3).listen(endless, ask(noise(), Text("What?"), detail="high"))
    assert heard.answer.finish_reason == "cancelled"
    assert len(encoded) == len(heard.of(TilesEncoded)) == 3
    assert not heard.of(Prefilled)
    assert (heard.answer.text, heard.answer.confidence, heard.answer.seconds.first_token) == ("", None, None)
    assert heard.answer.seconds.vision > 0


def test_stopped_between_prefill_steps_no_further_step_is_made(
    endless: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "PREFILL_STEP", 32)
    heard = Stop(Prefilled, times=2).listen(endless, ask(noise(), Text("What?"), detail=2))
    assert heard.answer.finish_reason == "cancelled"
    assert [event.done for event in heard.of(Prefilled)] == [32, 64]
    assert heard.answer.generated_tokens == 0


def test_stopped_between_tokens_the_words_so_far_stay(endless: Checkpoint) -> None:
    heard = Stop(TextDelta, times=3).listen(endless, ask(Text("What?"), max_tokens=100))
    assert heard.answer.finish_reason == "cancelled"
    assert len(heard.of(TextDelta)) == 3
    assert "".join(delta.text for delta in heard.of(TextDelta)).rstrip() == heard.answer.text != ""
    assert 3 <= heard.answer.generated_tokens < 100


def test_stopped_between_tokens_no_further_token_is_drawn(endless: Checkpoint, spoken: Spoken) -> None:
    heard = Stop(TextDelta, times=3).listen(endless, ask(Text("What?"), max_tokens=100))
    assert len(spoken.tokens) == heard.answer.generated_tokens


def test_stopped_before_it_began_nothing_is_done(endless: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = count_calls(monkeypatch, looking, "cut_tiles")
    cancelled = threading.Event()
    cancelled.set()
    heard = listen(endless, ask(noise(), Text("What?")), cancelled=cancelled)
    assert [type(event) for event in heard.events] == [Planned, Answered]
    assert (heard.answer.finish_reason, cut) == ("cancelled", [])


def with_context(checkpoint: Checkpoint, tokens: int) -> Checkpoint:
    text = replace(checkpoint.config.text, max_position_embeddings=tokens)
    return replace(checkpoint, config=replace(checkpoint.config, text=text))


def test_a_picture_too_large_for_the_context_is_refused_before_any_work(
    endless: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = count_calls(monkeypatch, looking, "cut_tiles")
    request = ask(white(), Text("What?"), detail="high")
    needed = {
        detail: listen(endless, replace(request, detail=detail)).answer.prompt_tokens for detail in ("high", 2, 1)
    }
    cut.clear()
    small = with_context(endless, needed[2] + 1)
    with pytest.raises(ContextLimitError) as raised:
        listen(small, request)
    sentence = str(raised.value)
    assert f"{needed['high']} tokens" in sentence and f"context {needed[2] + 1}" in sentence
    assert f"--detail 2 would need {needed[2]}" in sentence
    assert not cut
    with pytest.raises(ContextLimitError, match=f"even the lowest detail would need {needed[1]}"):
        listen(with_context(endless, needed[1]), request)


def test_words_too_many_for_the_context_are_refused_with_the_numbers(reading: Checkpoint) -> None:
    request = ask(Text("word " * 100))
    needed = listen(reading, request).answer.prompt_tokens
    with pytest.raises(ContextLimitError, match=f"{needed} tokens, the model's context {needed} "):
        listen(with_context(reading, needed), request)


def test_the_context_limits_the_answer(endless: Checkpoint) -> None:
    request = ask(Text("What?"), max_tokens=100)
    needed = listen(endless, replace(request, max_tokens=1)).answer.prompt_tokens
    answer = listen(with_context(endless, needed + 7), request).answer
    assert (answer.generated_tokens, answer.finish_reason) == (7, "length")
