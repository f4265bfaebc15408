"""Questions about clips: the frames that are encoded, the figures, the ends."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from mlx_model.answering import looking
from mlx_model.answering.answer import stream_answer
from mlx_model.errors import ContextLimitError, InputError
from mlx_model.events import Answered, Planned, Prefilled, TextDelta, TilesEncoded
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.media import video
from mlx_model.media.images import cut_tiles, normalize, plan
from mlx_model.media.video import Clip, FramePlan, Watching, open_clip, plan_frames, stream_tiles
from mlx_model.media.video_decoder import stream_frames
from mlx_model.prompting.prompt import Message, Text, build_prompt
from mlx_model.smolvlm import SmolVLM
from tests.clips import CLIPS, write_clip
from tests.mlx_model.asking import Spoken, ask, listen, noise

TILE_TOKENS = 16


def steady(**watching: Any) -> Clip:
    return open_clip(CLIPS / "steady.mp4", watching=Watching(**watching))


def test_a_clip_is_answered_about_with_one_tile_a_frame(endless: Checkpoint) -> None:
    heard = listen(endless, ask(steady(), Text("What happens?")))
    (planned,) = heard.of(Planned)
    (frames,) = planned.plans
    assert isinstance(frames, FramePlan)
    assert (frames.indices, frames.tiles) == ((0, 19, 39, 59), 4)
    assert planned.image_tokens == heard.answer.image_tokens == 4 * TILE_TOKENS
    assert [(event.done, event.total) for event in heard.of(TilesEncoded)] == [(n, 4) for n in range(1, 5)]
    kinds = [type(event) for event in heard.events]
    assert kinds.index(TilesEncoded) < kinds.index(Prefilled) < kinds.index(TextDelta)


def test_the_first_token_is_the_arg_max_of_the_whole_model(endless: Checkpoint, spoken: Spoken) -> None:
    """A picture, words and a clip: frames, merge and prompt against one plain pass in the reference's convention."""
    picture, clip = noise(90, 210), steady(fps=2)
    parts = (Text("One: "), picture, Text(" two: "), clip, Text(" Which?"))
    listen(endless, ask(*parts, detail="high"))
    config = endless.image_config
    assert config is not None
    plans = (plan(90, 210, "high", config), plan_frames(clip, config))
    prompt = build_prompt([Message("user", parts)], plans, endless.template, endless.tokenizer, endless.config)
    tiles = np.concatenate([cut_tiles(picture.image, plans[0], config), [*stream_tiles(clip, plans[1], config)]])
    pixels = normalize(tiles, config).transpose(0, 3, 1, 2)[None]
    logits = endless.model(mx.array([prompt.ids]), mx.array(pixels))[0, -1]
    assert spoken.ids[0] == int(mx.argmax(logits))


def test_batches_of_frames_give_what_single_ones_give(
    endless: Checkpoint, spoken: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ask(steady(fps=2), Text("What happens?"))
    listen(endless, request)
    alone = spoken.ids
    monkeypatch.setattr("mlx_model.answering.features.TILES_PER_BATCH", 3)
    done = [event.done for event in listen(endless, request).of(TilesEncoded)]
    assert (spoken.ids, done) == (alone, [3, 6, 8])


def test_the_next_frame_is_read_while_one_is_encoded(endless: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    read = [threading.Event() for _ in range(4)]
    encode, encoded = SmolVLM.encode_tiles, 0

    def watched(*args: Any) -> Iterator[np.ndarray]:
        for event, frame in zip(read, stream_frames(*args), strict=True):
            event.set()
            yield frame

    def waiting(model: SmolVLM, tiles: mx.array) -> mx.array:
        nonlocal encoded
        encoded += 1
        assert encoded == 4 or read[encoded].wait(10), "no frame is read before this one is encoded"
        return encode(model, tiles)

    monkeypatch.setattr(video, "stream_frames", watched)
    monkeypatch.setattr(SmolVLM, "encode_tiles", waiting)
    listen(endless, ask(steady(), Text("What happens?")))
    assert encoded == 4


def test_the_prompt_says_when_each_frame_is_shown_and_keeps_the_users_words(endless: Checkpoint) -> None:
    clip, config = steady(start=1, end=3), endless.image_config
    assert config is not None
    message = Message("user", (clip, Text("Is <video> or <image> a word?")))
    prompt = build_prompt([message], [plan_frames(clip, config)], endless.template, endless.tokenizer, endless.config)
    assert prompt.text == ("<|im_start|>User: <video>Is <video> or <image> a word?<end_of_utterance>\nAssistant:")
    assert prompt.ids.count(endless.config.image_token_id) == prompt.image_token_count == 2 * TILE_TOKENS
    words = endless.tokenizer.decode(prompt.ids)
    assert "two frames from a 0:00:04 [H:MM:SS] video" in words
    assert "Frame from 00:01:" in words and "Frame from 00:02:" in words


def test_a_raw_prompt_has_the_clip_where_it_says_so(endless: Checkpoint) -> None:
    before = listen(endless, ask(steady(), Text("It shows"), raw=True)).answer
    named = listen(endless, ask(steady(), Text("<video>It shows"), raw=True)).answer
    assert before.image_tokens == 4 * TILE_TOKENS
    assert (before.prompt_tokens, before.text) == (named.prompt_tokens, named.text)


def test_frames_that_do_not_fit_are_counted_before_any_is_read(
    endless: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = open_clip(write_clip(tmp_path / "long.avi", count=400), watching=Watching(fps=10, max_frames=400))
    monkeypatch.setattr(looking, "stream_tiles", lambda *_: pytest.fail("read too early"))
    with pytest.raises(ContextLimitError, match=r"--max-frames (\d+) would need") as caught:
        listen(endless, ask(clip, Text("What happens?")))
    context = endless.config.text.max_position_embeddings
    needed = int(str(caught.value).split()[-1].rstrip(".").replace(",", ""))
    assert context - 60 < needed < context, "the most that fits is offered"


def test_cancelling_while_frames_are_read_ends_with_what_there_is(endless: Checkpoint) -> None:
    cancelled = threading.Event()
    stream = stream_answer(endless, ask(steady(fps=15), Text("What?")), cancelled)
    before = threading.active_count()
    for event in stream:
        if isinstance(event, TilesEncoded) and event.done == 3:
            cancelled.set()
    assert isinstance(event, Answered)
    assert event.answer.finish_reason == "cancelled"
    assert threading.active_count() == before, "the reading thread has ended"


def test_a_clip_that_vanishes_between_probe_and_answer_is_one_sentence(endless: Checkpoint, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "gone.avi", count=5)
    clip = open_clip(path)
    path.unlink()
    with pytest.raises(InputError, match="does not exist"):
        listen(endless, ask(clip, Text("What?")))


def test_a_model_of_words_alone_cannot_watch(reading: Checkpoint) -> None:
    with pytest.raises(InputError, match="reads text alone"):
        listen(reading, ask(steady(), Text("What?")))
