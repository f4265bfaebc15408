"""Token ids equal the reference's, exactly. `python -m tools.parity.prompts` writes prompts.json."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from mlx_model.config import ModelConfig, read_model_config
from mlx_model.prompting.chat_template import ChatTemplate
from mlx_model.prompting.prompt import Message, Picture, Prompt, Text, build_prompt, build_raw_prompt
from mlx_model.prompting.tokenizer import Tokenizer, check_tokenizer
from tests.parity.prompt_folders import NAMES, needs_shared, write_prompt_folder

CASES = json.loads((Path(__file__).parent / "prompts.json").read_text(encoding="utf-8"))


class Grid(NamedTuple):
    rows: int
    cols: int


class Checkpoint(NamedTuple):
    tokenizer: Tokenizer
    template: ChatTemplate | None
    config: ModelConfig


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def checkpoint(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Checkpoint:
    shared = request.getfixturevalue("shared") if needs_shared(name) else None
    folder = write_prompt_folder(name, tmp_path / name, shared)
    config, tokenizer = read_model_config(folder), Tokenizer.from_folder(folder)
    check_tokenizer(tokenizer, config)
    return Checkpoint(tokenizer, ChatTemplate.from_folder(folder), config)


def test_every_conversation_has_the_ids_of_the_reference(name: str, checkpoint: Checkpoint) -> None:
    cases = [case for case in CASES if case["checkpoint"] == name]
    assert len(cases) >= 22
    prompts = {case["label"]: prompt(case, checkpoint) for case in cases}
    assert not [case["label"] for case in cases if prompts[case["label"]].ids != unpacked(case["ids"])]
    image_id = checkpoint.config.image_token_id
    if image_id is not None:
        counted = [label for label, built in prompts.items() if built.image_token_count != built.ids.count(image_id)]
        assert not counted, "image tokens miscounted"


def test_a_picture_of_640_by_480_is_874_tokens_for_the_256m() -> None:
    (case,) = [c for c in CASES if c["checkpoint"] == "smolvlm2-256m" and c["label"] == "describe"]
    assert len(unpacked(case["ids"])) == 874


def prompt(case: dict[str, Any], checkpoint: Checkpoint) -> Prompt:
    grids = [Grid(*grid) for grid in case.get("grids", [])]
    if "raw" in case:
        text = "".join(part if isinstance(part, str) else "<image>" for part in case["turns"][0][1:])
        return build_raw_prompt(text, grids, checkpoint.tokenizer, checkpoint.config)
    messages = [Message(role, tuple(map(as_part, parts))) for role, *parts in case["turns"]]
    return build_prompt(messages, grids, checkpoint.template, checkpoint.tokenizer, checkpoint.config)


def as_part(part: str | list[int]) -> Text | Picture:
    return Text(part) if isinstance(part, str) else Picture(Image.new("1", (1, 1)))


def unpacked(ids: list[int | list[int]]) -> tuple[int, ...]:
    """Ids written out; [id, n] stands for n of them."""
    return tuple(token for part in ids for token in (part[:1] * part[1] if isinstance(part, list) else [part]))
