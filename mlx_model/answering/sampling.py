"""From logits to the next token: greedy, or drawn by temperature, top-p and min-p; a penalty on what was said before.

Works on device arrays and never waits for them. Random numbers come from keys of our own, since MLX's global state
differs from thread to thread.
"""

import time
from collections.abc import Sequence

import mlx.core as mx

from mlx_model.device.arithmetic import logsumexp
from mlx_model.request import Sampling


class Sampler:
    """Draws the tokens of one sequence."""

    def __init__(self, sampling: Sampling) -> None:
        self.sampling = sampling
        self._key = mx.random.key(time.time_ns() if sampling.seed is None else sampling.seed)

    @property
    def is_greedy(self) -> bool:
        """Whether the likeliest token is drawn, whatever was said."""
        return self.sampling.temperature == 0.0 and self.sampling.repetition_penalty == 1.0

    def __call__(self, logits: mx.array, said: Sequence[mx.array]) -> tuple[mx.array, mx.array]:
        """Logits [V] and the ids said so far -> the next id and its log-probability under the model, all scalars."""
        if self.is_greedy:
            return likeliest(logits)
        logits = logits.astype(mx.float32)
        logprobs = logits - logsumexp(logits)
        sampling, scores = self.sampling, logits
        if sampling.repetition_penalty != 1.0 and said:
            scores = penalize(scores, mx.stack(list(said)), sampling.repetition_penalty)
        if sampling.temperature == 0.0:
            token = mx.argmax(scores)
        else:
            scores = keep_likely(scores / sampling.temperature, sampling.top_p, sampling.min_p)
            self._key, key = mx.random.split(self._key)
            token = mx.random.categorical(scores, key=key)
        return token, logprobs[token]


def likeliest(logits: mx.array) -> tuple[mx.array, mx.array]:
    """The likeliest ids [...] of logits [..., V], and their log-probabilities."""
    logits = logits.astype(mx.float32)
    return mx.argmax(logits, axis=-1), mx.max(logits, axis=-1) - logsumexp(logits)


def penalize(logits: mx.array, said: mx.array, penalty: float) -> mx.array:
    """Push logits [V] of the ids in `said` away from the top (CTRL, arXiv 1909.05858, section 4.1)."""
    chosen = logits[said]
    logits[said] = mx.where(chosen > 0, chosen / penalty, chosen * penalty)
    return logits


def keep_likely(logits: mx.array, top_p: float, min_p: float) -> mx.array:
    """Logits [V] with -inf for tokens outside the nucleus of mass `top_p` or below `min_p` times the likeliest."""
    probabilities = mx.softmax(logits)
    if min_p > 0.0:
        logits = mx.where(probabilities < min_p * mx.max(probabilities), -mx.inf, logits)
    if top_p < 1.0:
        order = mx.argsort(-probabilities)
        mass_before = mx.cumsum(probabilities[order]) - probabilities[order]
        # The likeliest has no mass before it, and stays even at a top_p of zero.
        is_inside = (mass_before < top_p) | (mass_before == 0)
        logits[order] = mx.where(is_inside, logits[order], -mx.inf)
    return logits
