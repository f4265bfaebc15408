"""Prefill in steps, then one token after the other, as a generator of small dataclasses.

Knows token ids and embeddings; nothing of text, pictures or stop words. On Metal the next step is started before the
current token is handed out, so the caller's work overlaps with the model's; a CPU computes as it goes along.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import mlx.core as mx

from mlx_model.answering.sampling import Sampler
from mlx_model.cache import KVCache
from mlx_model.device import arithmetic
from mlx_model.language import LanguageModel

PREFILL_STEP = 512


@dataclass(frozen=True)
class Token:
    """One generated token and its log-probability under the model."""

    id: int
    logprob: float


def prefill(model: LanguageModel, embeddings: mx.array, cache: Sequence[KVCache]) -> Iterator[mx.array]:
    """Run a prompt's embeddings [1, L, D] through the decoder in steps; the last hidden state [1, 1, D] of each.

    What was yielded is in the cache. Only the last step's state needs logits.
    """
    for start in range(0, embeddings.shape[1], PREFILL_STEP):
        hidden = model(embeddings[:, start : start + PREFILL_STEP], cache)[:, -1:]
        mx.eval(hidden, [layer.arrays for layer in cache])
        yield hidden


def stream_tokens(
    model: LanguageModel, logits: mx.array, cache: Sequence[KVCache], sampler: Sampler, max_tokens: int
) -> Iterator[Token]:
    """Draw up to `max_tokens` tokens, the first from `logits` [V]. Stopping early is the caller's decision."""
    said: list[mx.array] = []

    def step(token: mx.array) -> tuple[mx.array, mx.array]:
        said.append(token)
        hidden = model(model.embed_tokens(token.reshape(1, 1)), cache)
        return _start(*sampler(model.logits(hidden)[0, -1], said))

    token, logprob = _start(*sampler(logits, said))
    for count in range(1, max_tokens + 1):
        current, is_last = (token, logprob), count == max_tokens
        if arithmetic.ON_METAL and not is_last:
            token, logprob = step(token)
        yield Token(int(current[0]), float(current[1]))
        if not arithmetic.ON_METAL and not is_last:
            token, logprob = step(token)


def _start(token: mx.array, logprob: mx.array) -> tuple[mx.array, mx.array]:
    mx.async_eval(token, logprob)
    return token, logprob
