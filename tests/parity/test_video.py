"""Frames, prompts and tiles of clips equal the reference's. `python -m tools.parity.video` writes video.json."""

import hashlib
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mlx_model.config import ImageConfig, read_image_config, read_model_config
from mlx_model.media.images import cut_tiles, plan
from mlx_model.media.video import Clip, FramePlan, Watching, choose_frames, plan_frames
from mlx_model.prompting.chat_template import ChatTemplate
from mlx_model.prompting.prompt import Grid, Message, Part, Picture, Text, build_prompt
from mlx_model.prompting.tokenizer import Tokenizer
from tests.parity.pixel_cases import HALF, draw
from tests.parity.prompt_folders import needs_shared, write_prompt_folder
from tests.parity.test_prompts import unpacked
from tests.parity.video_cases import CONVERSATIONS, FRAMES, SAMPLED, ClipCase

STORED = json.loads((Path(__file__).parent / "video.json").read_text(encoding="utf-8"))
CHECKPOINTS = list(dict.fromkeys(case["checkpoint"] for case in STORED["prompts"]))


@pytest.mark.parametrize(("case", "indices"), list(zip(SAMPLED, STORED["sampled"], strict=True)))
def test_the_frames_that_the_reference_chooses_are_chosen(case: ClipCase, indices: list[int]) -> None:
    assert choose_frames(case.frames, case.rate, case.frames / case.rate, case.fps, case.max_frames) == indices
    config = ImageConfig(64, 256, HALF, HALF, video_fps=case.fps, video_max_frames=case.max_frames)
    assert list(plan_frames(as_clip(case), config).indices) == indices


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_every_conversation_with_clips_has_the_ids_of_the_reference(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    shared = request.getfixturevalue("shared") if needs_shared(name) else None
    folder = write_prompt_folder(name, tmp_path / name, shared)
    template, tokenizer = ChatTemplate.from_folder(folder), Tokenizer.from_folder(folder)
    config, images = read_model_config(folder), read_image_config(folder)
    cases = [case for case in STORED["prompts"] if case["checkpoint"] == name]
    assert [case["label"] for case in cases] == list(CONVERSATIONS)
    for case in cases:
        messages = [Message(role, tuple(map(as_part, parts))) for role, *parts in CONVERSATIONS[case["label"]]]
        prompt = build_prompt(messages, seen(messages, images), template, tokenizer, config)
        assert prompt.ids == unpacked(case["ids"]), case["label"]
        assert prompt.image_token_count == prompt.ids.count(config.image_token_id), case["label"]


@pytest.mark.parametrize(("frame", "digest"), list(zip(FRAMES, STORED["tiles"], strict=True)))
def test_a_frame_becomes_the_tile_of_the_reference(frame: tuple[int, int, int, int], digest: str) -> None:
    width, height, tile, edge = frame
    sized = replace(ImageConfig(tile, 4 * tile, HALF, HALF), longest_edge=edge)
    (pixels,) = cut_tiles(draw(width, height), plan(width, height, "low", sized), sized)
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == digest


@pytest.mark.slow
def test_random_clips_are_sampled_as_transformers_samples_them() -> None:
    pytest.importorskip("torch", reason="needs the reference: group `parity` of pyproject.toml")
    from tools.parity.video import chosen

    chance = random.Random(5)
    for _ in range(2000):
        case = ClipCase(
            chance.choice([chance.randint(1, 200), chance.randint(200, 20_000)]),
            chance.choice([15.0, 24000 / 1001, 25.0, 29.97, 30.0, 60.0, chance.uniform(0.1, 120)]),
            chance.choice([1.0, 1.0, chance.uniform(0.05, 40)]),
            chance.choice([64, 64, chance.randint(1, 200)]),
        )
        ours = choose_frames(case.frames, case.rate, case.frames / case.rate, case.fps, case.max_frames)
        assert ours == chosen(case), case


def as_clip(case: ClipCase) -> Clip:
    times = tuple(index / case.rate for index in range(case.frames))
    return Clip(Path("clip.mp4"), "clip.mp4", times, case.rate, Watching())


def as_part(part: Any) -> Part:
    if isinstance(part, ClipCase):
        return as_clip(part)
    return Text(part) if isinstance(part, str) else Picture(Image.new("1", part))


def seen(messages: list[Message], config: ImageConfig) -> list[Grid | FramePlan]:
    """What becomes of each picture and clip."""
    media = [part for message in messages for part in message.parts if not isinstance(part, Text)]
    return [
        plan_frames(part, config) if isinstance(part, Clip) else plan(*part.image.size, "high", config)
        for part in media
    ]
