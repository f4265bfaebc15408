"""SmolLM2-135M-Instruct, its real weights converted from GGUF, says what the reference says, token for token.

`python -m tools.parity.smollm2` writes the fixture.
"""

import json
from pathlib import Path
from typing import Any

import pytest

import mlx_model
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.prompting.prompt import Message, Text, build_prompt
from mlx_model.request import Request
from tests.convert.bare import convert
from tests.mlx_model.asking import Spoken, listen
from tests.parity.smollm2 import FIXTURE, MAX_TOKENS, QUESTIONS, SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS + 120)]
ANSWERS: list[dict[str, Any]] = json.loads(FIXTURE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def smollm2(smollm2_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    out = tmp_path_factory.mktemp("converted") / "smollm2"
    convert(smollm2_gguf, out)
    return mlx_model.load(out)


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_the_references_token_for_token(
    question: str, smollm2: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stored,) = [answer for answer in ANSWERS if answer["question"] == question]
    messages = (Message("user", (Text(question),)),)
    prompt = build_prompt(messages, [], smollm2.template, smollm2.tokenizer, smollm2.config)
    assert list(prompt.ids) == stored["prompt"]
    spoken = Spoken(monkeypatch)
    heard = listen(smollm2, Request(messages, max_tokens=MAX_TOKENS, repetition_guard=False))
    assert spoken.ids == stored["answer"]
    assert heard.answer.text == smollm2.tokenizer.decode([i for i in spoken.ids if i not in smollm2.stop_ids]).strip()


def test_what_it_says_makes_sense(smollm2: Checkpoint) -> None:
    said = listen(smollm2, Request((Message("user", (Text(QUESTIONS[0]),)),), max_tokens=MAX_TOKENS)).answer
    assert "Paris" in said.text
    assert said.finish_reason == "stop"
