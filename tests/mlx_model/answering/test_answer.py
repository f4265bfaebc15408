"""A question answered: the events in their order, and figures that agree with them."""

import math
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from mlx_model.answering import generate, looking
from mlx_model.answering.answer import stream_answer
from mlx_model.errors import InputError
from mlx_model.events import Answered, Planned, Prefilled, TextDelta, TilesEncoded
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.media.images import cut_tiles, normalize, plan
from mlx_model.prompting.prompt import Message, Text, build_prompt
from mlx_model.request import Sampling
from tests.mlx_model.asking import Spoken, ask, count_calls, listen, noise, say, white

TILE_TOKENS = 16


def test_events_come_in_the_order_of_the_work(endless: Checkpoint) -> None:
    heard = listen(endless, ask(noise(), Text("What is it?"), detail="high"))
    kinds = [type(event) for event in heard.events]
    order = [Planned, TilesEncoded, Prefilled, TextDelta, Answered]
    assert sorted(kinds, key=order.index) == kinds
    assert set(kinds) == set(order)
    assert kinds.count(Planned) == kinds.count(Answered) == 1


def test_the_plan_says_before_any_work_what_it_will_be(endless: Checkpoint) -> None:
    events = stream_answer(endless, ask(noise(), Text("What?"), noise(64, 64, seed=1), detail="high"))
    planned = next(events)
    assert isinstance(planned, Planned)
    assert [(p.rows, p.cols) for p in planned.plans] == [(2, 4), (4, 4)]
    assert planned.image_tokens == (9 + 17) * TILE_TOKENS
    assert planned.prompt_tokens > planned.image_tokens


def test_progress_only_grows_and_ends_at_its_total(endless: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "PREFILL_STEP", 50)
    heard = listen(endless, ask(noise(), Text("Which?"), noise(100, 300, seed=1), detail=2))
    tiles, prompt = heard.of(TilesEncoded), heard.of(Prefilled)
    for progress, total in ((tiles, heard.answer.image_tokens // TILE_TOKENS), (prompt, heard.answer.prompt_tokens)):
        done = [event.done for event in progress]
        assert done == sorted(done)
        assert done[-1] == total
        assert {event.total for event in progress} == {total}
    assert [event.done for event in prompt[:2]] == [50, 100]


def test_figures_of_the_answer_agree_with_its_events(endless: Checkpoint, spoken: Spoken) -> None:
    heard = listen(endless, ask(noise(), Text("What?"), detail="high"))
    (planned,) = heard.of(Planned)
    answer = heard.answer
    assert (answer.plans, answer.image_tokens) == (planned.plans, planned.image_tokens)
    assert (answer.prompt_tokens, answer.cached_tokens) == (planned.prompt_tokens, 0)
    assert answer.generated_tokens == len(spoken.tokens) == 12
    assert answer.finish_reason == "length"
    assert "".join(delta.text for delta in heard.of(TextDelta)).rstrip() == answer.text
    assert answer.confidence is not None
    probabilities = [math.exp(token.logprob) for token in spoken.tokens]
    assert answer.confidence.mean == pytest.approx(np.mean(probabilities))
    assert answer.confidence.lowest == pytest.approx(min(probabilities))
    assert answer.peak_memory_bytes > 0


def test_seconds_add_up(endless: Checkpoint) -> None:
    answer = listen(endless, ask(noise(), Text("What?"), detail="high"), reading=100.0).answer
    seconds = answer.seconds
    assert seconds.first_token is not None and seconds.decode is not None
    assert seconds.preprocess > 100
    assert seconds.vision > 0 and seconds.prefill > 0 and seconds.decode > 0
    assert seconds.first_token >= seconds.preprocess + seconds.vision + seconds.prefill
    assert answer.tokens_per_second == pytest.approx((answer.generated_tokens - 1) / seconds.decode)


def test_one_token_has_no_speed(endless: Checkpoint) -> None:
    answer = listen(endless, ask(Text("Hi"), max_tokens=1)).answer
    assert (answer.generated_tokens, answer.seconds.decode, answer.tokens_per_second) == (1, 0.0, None)


def test_characters_of_several_tokens_come_whole(endless: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = endless.tokenizer.encode(" Été 👍🏽!")
    assert len(ids) > 12
    say(monkeypatch, ids)
    heard = listen(endless, ask(Text("What?"), max_tokens=100))
    assert heard.answer.text == "Été 👍🏽!"
    assert not any("\ufffd" in delta.text for delta in heard.of(TextDelta))
    say(monkeypatch, ids[:-2])
    assert listen(endless, ask(Text("What?"), max_tokens=100)).answer.text.startswith("Été 👍")


def test_identical_tiles_are_encoded_once(endless: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = count_calls(monkeypatch, looking, "stream_features")
    tiles = count_calls(monkeypatch, looking, "unique_tiles")
    assert listen(endless, ask(white(), Text("What?"), detail="high")).answer.image_tokens == 17 * TILE_TOKENS
    assert len(encoded) == 1 and [len(cut) for cut in tiles] == [17]


def test_a_page_with_blank_margins_gives_what_encoding_every_tile_gives(
    endless: Checkpoint, spoken: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = white()
    page.image.paste(noise(100, 60).image, (70, 70))
    request = ask(page, Text("What?"), detail="high")
    listen(endless, request)
    once = spoken.ids
    monkeypatch.setattr(looking, "unique_tiles", lambda tiles: (tiles, np.arange(len(tiles))))
    listen(endless, request)
    assert spoken.ids == once


@pytest.mark.parametrize("detail", ["low", "auto", "high", 2])
def test_the_first_token_is_the_arg_max_of_the_whole_model(endless: Checkpoint, spoken: Spoken, detail: Any) -> None:
    """Two pictures with words between: tiles, merge and steps against one plain pass in the reference's convention."""
    first, second = noise(200, 120), noise(90, 210, seed=1)
    parts = (Text("One: "), first, Text(" two: "), second, Text(" Which?"))
    listen(endless, ask(*parts, detail=detail))
    config = endless.image_config
    assert config is not None
    plans = [plan(*picture.image.size, detail, config) for picture in (first, second)]
    messages = [Message("user", parts)]
    prompt = build_prompt(messages, plans, endless.template, endless.tokenizer, endless.config)
    tiles = [cut_tiles(picture.image, p, config) for picture, p in zip((first, second), plans, strict=True)]
    pixels = normalize(np.concatenate(tiles), config).transpose(0, 3, 1, 2)[None]
    logits = endless.model(mx.array([prompt.ids]), mx.array(pixels))[0, -1]
    assert spoken.ids[0] == int(mx.argmax(logits))


def test_the_order_of_pictures_matters(endless: Checkpoint) -> None:
    one, two = noise(), noise(seed=1)
    first = listen(endless, ask(one, two, Text("Which?"), detail="low")).answer
    second = listen(endless, ask(two, one, Text("Which?"), detail="low")).answer
    assert first.confidence != second.confidence


def test_nothing_stays_for_the_next_question(endless: Checkpoint) -> None:
    request = ask(noise(), Text("What?"))
    first = listen(endless, request).answer
    listen(endless, ask(noise(seed=3), Text("Something else?")))
    again = listen(endless, request).answer
    assert (first.text, first.confidence) == (again.text, again.confidence)


def test_a_seed_gives_the_same_answer_again(endless: Checkpoint) -> None:
    texts = [
        listen(endless, ask(Text("Hi"), sampling=Sampling(temperature=1.0, seed=seed))).answer.text
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_words_alone_are_answered_without_looking(reading: Checkpoint) -> None:
    heard = listen(reading, ask(Text("Who are you?")))
    assert not heard.of(TilesEncoded)
    assert (heard.answer.image_tokens, heard.answer.plans) == (0, ())
    assert heard.answer.generated_tokens > 0


def test_a_model_of_words_alone_says_that_it_cannot_see(reading: Checkpoint) -> None:
    with pytest.raises(InputError, match="reads text alone"):
        listen(reading, ask(noise(), Text("What?")))


def test_raw_text_goes_to_the_model_as_it_is(reading: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Once upon a time"
    heard = listen(reading, ask(Text(text), raw=True))
    assert heard.answer.prompt_tokens == len(reading.tokenizer.encode(text))
    say(monkeypatch, reading.tokenizer.encode("  there was \n"))
    assert listen(reading, ask(Text(text), raw=True)).answer.text == "  there was \n"
    assert listen(reading, ask(Text(text))).answer.text == "there was"


def test_a_raw_question_about_a_picture_has_its_tiles_in_front(endless: Checkpoint) -> None:
    heard = listen(endless, ask(noise(), Text("A photo of"), raw=True, detail="low"))
    assert heard.answer.image_tokens == TILE_TOKENS
    assert heard.answer.prompt_tokens == TILE_TOKENS + 3 + len(endless.tokenizer.encode("A photo of"))
