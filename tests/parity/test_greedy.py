"""Answers of the embedded checkpoint equal the reference's, token for token. See `tools/parity/greedy.py`."""

import json
from pathlib import Path
from typing import Any

import pytest

import assets
import mlx_model
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.media.image_files import open_image
from mlx_model.prompting.prompt import Message, Picture, Text
from mlx_model.request import Request
from tests.mlx_model.asking import Spoken, listen
from tests.parity.greedy_cases import DETAILS, FIXTURE, MAX_TOKENS, PICTURES, digest, questions

AGAIN = "run `python -m tools.parity.greedy`"


@pytest.fixture(scope="module")
def folder() -> Path:
    embedded = assets.path("embedded")
    if not (embedded / "model.safetensors").exists():
        pytest.skip("this checkout has no embedded checkpoint")
    return embedded


@pytest.fixture(scope="module")
def answers(folder: Path) -> list[dict[str, Any]]:
    assert FIXTURE.exists(), AGAIN
    fixture = json.loads(FIXTURE.read_text(encoding="utf-8"))
    assert fixture["weights"] == digest(folder), f"the embedded checkpoint is another than the fixture's: {AGAIN}"
    stored: list[dict[str, Any]] = fixture["answers"]
    return stored


@pytest.fixture(scope="module")
def embedded(folder: Path) -> Checkpoint:
    return mlx_model.load(folder)


@pytest.mark.parametrize("detail", DETAILS)
def test_every_answer_is_the_references(
    detail: str, answers: list[dict[str, Any]], embedded: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = Spoken(monkeypatch)
    wrong = []
    for stored in [answer for answer in answers if answer["detail"] == detail]:
        request = ask(stored["picture"], detail)
        listen(embedded, request)
        if spoken.ids != stored["ids"]:
            wrong.append((stored["picture"], spoken.ids, stored["ids"]))
    assert not wrong


def ask(picture: str, detail: Any) -> Request:
    parts = (Picture(open_image(PICTURES / picture), picture), Text(questions()[picture]))
    return Request((Message("user", parts),), detail, max_tokens=MAX_TOKENS, repetition_guard=False)


def test_the_answers_are_worth_comparing(answers: list[dict[str, Any]]) -> None:
    """Twenty pictures at every detail, and not the same few words for all of them."""
    assert len(answers) == len(questions()) * len(DETAILS) == 60
    assert len({tuple(answer["ids"]) for answer in answers}) >= 20
