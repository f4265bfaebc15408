"""Greedy answers of source and result, word for word, where both are small enough to be loaded whole.

One is loaded after the other; the limit is on both together, so that a machine which converts can also do this.
"""

from collections.abc import Sequence
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten

from convert.check.check_set import Item
from mlx_model.answering.answer import stream_answer
from mlx_model.events import Answered
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.request import Request

MAX_TOKENS = 24
MAX_BYTES = 3_000_000_000


def fits(*checkpoints: Checkpoint) -> bool:
    """Whether the weights of all together stay below the limit."""
    return sum(weight_bytes(one) for one in checkpoints) <= MAX_BYTES


def weight_bytes(checkpoint: Checkpoint) -> int:
    """Of all weights as they are computed with; reads none of them."""
    parameters: Any = tree_flatten(checkpoint.model.parameters())
    return sum(weight.nbytes for _, weight in parameters)


def greedy_texts(checkpoint: Checkpoint, items: Sequence[Item]) -> list[str]:
    """The answers to the items' questions, at most `MAX_TOKENS` tokens each; pictures in one tile."""
    texts = []
    for item in items:
        is_raw = checkpoint.template is None
        request = Request((item.request,), "low", max_tokens=MAX_TOKENS, raw=is_raw, repetition_guard=False)
        for event in stream_answer(checkpoint, request):
            if isinstance(event, Answered):
                texts.append(event.answer.text)
    mx.clear_cache()
    return texts


def agreement(source: Sequence[str], result: Sequence[str]) -> float:
    """The share of answers that are equal letter by letter."""
    return sum(one == other for one, other in zip(source, result, strict=True)) / len(source)
