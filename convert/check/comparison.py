"""Source and result side by side: what each part loses by itself, and what comes of it at the end.

A part's error is measured on the source's own inputs to that part, so that it is that part's alone; the decoder's on
the beginnings of items of words, which every check set has. The likelihoods at the end are those of the whole result.
Everything is teacher-forced: both read the same answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx
import numpy as np

from convert.check.check_set import Item
from convert.check.streamed_model import StreamedModel
from mlx_model.errors import ConversionError

# So many tokens of each text tell the decoder's own error: it runs over them once more, from the source's embeddings.
_ALIKE = 32


@dataclass(frozen=True)
class Trace:
    """What a model made of the items, stage by stage. `logits` [answer tokens, vocabulary] are the predictions of the
    answers; features and image tokens are empty where nothing is seen.
    """

    features: list[mx.array]
    image_tokens: list[mx.array]
    embeddings: list[mx.array]
    hidden: list[mx.array]
    logits: list[mx.array]


@dataclass(frozen=True)
class Comparison:
    """`relative_errors` by part: the norm of the difference over the norm of the source's own."""

    relative_errors: dict[str, float]
    kl_per_token: float
    top1_agreement: float
    tokens: int


def trace(model: StreamedModel, items: Sequence[Item]) -> Trace:
    """Run the source over all items."""
    features = model.encode(*_pictures(items))
    image_tokens = model.connect(features)
    embeddings = model.embed([item.ids for item in items], _in_place(items, image_tokens))
    hidden = model.decode(embeddings)
    return Trace(features, image_tokens, embeddings, hidden, answers(model, items, hidden))


def compare(source: Trace, model: StreamedModel, items: Sequence[Item]) -> Comparison:
    """Run the result over the same items. Raises ConversionError where it gives numbers that are not finite."""
    errors: dict[str, float] = {}
    features = model.encode(*_pictures(items))
    if features:
        errors["vision"] = _relative_error(features, source.features)
        errors["connector"] = _relative_error(model.connect(source.features), source.image_tokens)
    image_tokens = model.connect(features)
    ids = [item.ids for item in items]
    embeddings = model.embed(ids, _in_place(items, image_tokens))
    seen_alike = embeddings if not features else model.embed(ids, _in_place(items, source.image_tokens))
    errors["embeddings"] = _relative_error(seen_alike, source.embeddings)
    alone = [number for number, item in enumerate(items) if item.pixels is None]
    both = model.decode([*embeddings, *(source.embeddings[number][:, :_ALIKE] for number in alone)])
    hidden, hidden_alike = both[: len(items)], both[len(items) :]
    errors["decoder"] = _relative_error(hidden_alike, [source.hidden[number][:, :_ALIKE] for number in alone])
    errors["head"] = _relative_error(answers(model, items, source.hidden), source.logits)
    logits = answers(model, items, hidden)
    if broken := [part for part, error in errors.items() if not np.isfinite(error)]:
        raise ConversionError(f"The converted {broken[0]} gives numbers that are not finite, so nothing was kept.")
    kl = np.concatenate([kl_divergence(one, other) for one, other in zip(source.logits, logits, strict=True)])
    pairs = zip(source.logits, logits, strict=True)
    same = [np.asarray(one.argmax(-1) == other.argmax(-1))[0] for one, other in pairs]
    return Comparison(errors, max(0.0, float(kl.mean())), float(np.concatenate(same).mean()), len(kl))


def answers(model: StreamedModel, items: Sequence[Item], hidden: Sequence[mx.array]) -> list[mx.array]:
    """Logits [1, answer tokens, vocabulary] at the positions that predict each answer."""
    return model.logits([state[:, item.start - 1 : -1] for item, state in zip(items, hidden, strict=True)])


def kl_divergence(source: mx.array, result: mx.array) -> np.ndarray:
    """KL(source || result) in nats at each position of logits [1, L, vocabulary]: [L]."""
    ours, theirs = _log_softmax(source), _log_softmax(result)
    return np.asarray((mx.exp(ours) * (ours - theirs)).sum(-1))[0]


def _log_softmax(logits: mx.array) -> mx.array:
    return logits - mx.logsumexp(logits, axis=-1, keepdims=True)


def _pictures(items: Sequence[Item]) -> tuple[list[mx.array], list[int | None]]:
    """Their pixels, and how much of each is read."""
    seen = [(item.pixels, item.side) for item in items if item.pixels is not None]
    return [pixels for pixels, _ in seen], [side for _, side in seen]


def _in_place(items: Sequence[Item], image_tokens: Sequence[mx.array]) -> list[mx.array | None]:
    """The image tokens of each item that has a picture, None for the others."""
    remaining = iter(image_tokens)
    return [None if item.pixels is None else next(remaining) for item in items]


def _relative_error(result: Sequence[mx.array], source: Sequence[mx.array]) -> float:
    difference, size = 0.0, 0.0
    for ours, theirs in zip(result, source, strict=True):
        theirs = theirs.astype(mx.float32)
        difference += float(mx.square(ours.astype(mx.float32) - theirs).sum())
        size += float(mx.square(theirs).sum())
    return float(np.sqrt(difference / size)) if size else 0.0
