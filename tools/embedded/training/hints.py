"""Losses of the decoder's inside: where its heads should look, and what it should know on the way to an answer.

Answers alone teach slowly what has to be found, brought and told apart before the first token is right. The drawn truth
knows each of these steps (`pointing.py` says where), so layers and heads of the network that ships are told to take
them.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from tools.embedded.training.batches import Batch
from tools.embedded.training.heads import Trained, labelled
from tools.embedded.training.model import Decoded, patchify
from tools.embedded.training.pointing import COLUMNS
from tools.embedded.training.rows import Aims
from tools.embedded.world.labels import IGNORE, NOT_LETTER, NOT_THING, ORDINALS, WORDS

COLUMN_LAYER = 5  # whose heads each look for letters in one column of a token
READ_LAYER = 4
READERS = ((READ_LAYER, 1), (READ_LAYER, 3))  # heads of the decoder that bring what is answered from where it is shown
AIMS = {  # `Batch`'s aims -> layers and heads of the decoder that learn to look there
    "name": ((2, 2), *READERS),
    "letter": ((2, 2), (3, 0), *READERS),
    "answer": READERS,
    "ground": READERS,
    "next": READERS,
    "differs": READERS,
    "named": ((3, 0),),
    "other": ((3, 2),),
    "before": ((1, 0),),
    **{kind: ((COLUMN_LAYER, head),) for head, kind in enumerate(COLUMNS)},
}
ORDINAL_LAYER = 2  # that should be given a letter's place in its word, and the word's number
CHANGED_LAYER = 3  # that should be given whether an image token shows what the one a view before it shows
SLOT_LAYER = 4  # that should be given which of a token's letters comes next
FIELD_LAYER = 3  # that should be given where a named thing is, and its size
LEFT_LAYER = 5  # that should be given whether anything is left to be named, once one item is
FIELDS_LAYER = 4  # that should be given where each of two is
ORDER_LAYER = 5  # that should be given how these stand to one another, and which way of standing is asked about
HAPPENING_LAYER = 5  # that should be given what kind of change it is
WEIGHTS = {  # others count once
    "columns": 5.0,
    **dict.fromkeys(COLUMNS, 3.0),  # a sixth of what these looked at was elsewhere
    "brought": 2.0,
    "changed": 5.0,  # seven tokens of eight have not
    "happenings": 2.0,
    "fields": 3.0,  # asked for seldom
    "orders": 3.0,
    "relations": 3.0,
}
DIFFERENT = 1.5  # of 255, a token's mean difference from the view before it


def losses_of(decoded: Decoded, batch: Batch, trained: Trained) -> dict[str, Tensor]:
    """Every loss that the batch has something for, by name; `WEIGHTS` says what they count beside each other."""
    losses = {"brought": readable(decoded, batch, trained)}
    for kind, heads in AIMS.items():
        aims = batch.aims[kind]
        if len(aims.positions):
            looked = [decoded.scores[layer][:, head].flatten(0, 1)[aims.positions] for layer, head in heads]
            losses[kind] = pointing(torch.stack(looked, -1), aims.right)
    if "letter" in losses:
        losses |= reading(decoded, batch, trained)
    if "name" in losses:
        known = trained.field(given(decoded, FIELD_LAYER, batch.aims["name"]))
        losses["field"] = labelled(known, batch.aims["name"].told)
    if "next" in losses:
        losses["left"] = labelled(trained.left(given(decoded, LEFT_LAYER, batch.aims["next"])), batch.aims["next"].told)
    if "other" in losses:
        losses |= comparing(decoded, batch, trained)
    if "differs" in losses:
        known = trained.happenings(given(decoded, HAPPENING_LAYER, batch.aims["differs"]))
        losses["happenings"] = labelled(known, batch.aims["differs"].told[:, 0])
    if "before" in losses:
        scores = trained.changed(given(decoded, CHANGED_LAYER, batch.aims["before"]))
        losses["changed"] = labelled(scores, changed(batch))
    return losses


def reading(decoded: Decoded, batch: Batch, trained: Trained) -> dict[str, Tensor]:
    """Losses of knowing which letter comes next, in its word and in its image token, and of what can be brought."""
    aims = batch.aims["letter"]
    place, word, slot = aims.told.unbind(dim=1)
    places, words = trained.ordinals(given(decoded, ORDINAL_LAYER, aims))
    return {
        "ordinals": labelled(places, place.clamp_max(ORDINALS - 1)),
        "words": labelled(words, word.clamp_max(WORDS - 1)),
        "slots": labelled(trained.slots(given(decoded, SLOT_LAYER, aims)), slot),
        "columns": in_columns(decoded, batch, trained),
    }


def comparing(decoded: Decoded, batch: Batch, trained: Trained) -> dict[str, Tensor]:
    """Losses of knowing where each of two things is, how the first stands to the other, and what is asked of that."""
    aims = batch.aims["other"]
    first, second, how = aims.told.split((2, 2, 1), dim=1)
    late = given(decoded, ORDER_LAYER, aims)
    return {
        "fields": labelled(trained.fields(given(decoded, FIELDS_LAYER, aims)), aims.told[:, :4]),
        "orders": labelled(trained.orders(late), 1 + (first - second).sign()),
        "relations": labelled(trained.relations(late), how),
    }


def in_columns(decoded: Decoded, batch: Batch, trained: Trained) -> Tensor:
    """Loss of the letters that the columns' heads can bring, over all image tokens that show any."""
    letters = batch.letters[..., 0].flatten(0, 1)
    shown = ((letters != IGNORE) & (letters != NOT_LETTER)).flatten(1).any(dim=1)
    values = values_at(decoded, COLUMN_LAYER, batch.places[shown])
    rows = letters[shown].unflatten(1, (-1, len(COLUMNS) // letters.shape[-1])).flatten(2)
    return labelled(trained.columns(values), rows)


def readable(decoded: Decoded, batch: Batch, trained: Trained) -> Tensor:
    """Loss of what the readers can bring from each image token that shows only one thing, or colour of letters."""
    values = values_at(decoded, READ_LAYER, batch.places).flatten(1)
    things, numbers, sizes = batch.things.flatten(0, 1).unbind(dim=-1)
    inks = batch.letters[..., 3].flatten(0, 1).flatten(1)
    first, last = batch.backgrounds.flatten(0, 1).unbind(dim=1)
    named = things.masked_fill(things == NOT_THING, IGNORE)
    labels = (*map(only, (named, numbers, sizes, inks)), first, last)
    losses = [labelled(scores, label) for scores, label in zip(trained.brought(values), labels, strict=True)]
    return torch.stack(losses).sum()


def only(labels: Tensor) -> Tensor:
    """[N, parts] -> [N]: the label that all of a row's parts have that have any, else IGNORE."""
    least = labels.masked_fill(labels == IGNORE, torch.iinfo(labels.dtype).max).amin(dim=1)
    most = labels.amax(dim=1)
    return most.where(least == most, IGNORE)


def values_at(decoded: Decoded, layer: int, places: Tensor) -> Tensor:
    """[N, kv_heads, D] float: what the heads of a layer can bring from flat places [N]."""
    return decoded.values[layer].transpose(1, 2).flatten(0, 1)[places].float()


def changed(batch: Batch) -> Tensor:
    """[N of "before"] int64: whether a token's pixels differ from those at the same place a view earlier."""
    before = batch.aims["before"]
    tokens = patchify(batch.pixels, batch.pixels.shape[-1] // math.isqrt(batch.things.shape[1])).flatten(0, 1).float()
    here, there = (tokens[batch.tokens_at(positions)] for positions in (before.positions, before.targets()))
    return ((here - there).abs().mean(dim=1) > DIFFERENT).long()


def given(decoded: Decoded, layer: int, aims: Aims) -> Tensor:
    """What a layer is given [N, D] where something is aimed at, normed as the layer does."""
    inputs = decoded.inputs[layer].flatten(0, 1)[aims.positions].float()
    return functional.rms_norm(inputs, inputs.shape[-1:])


def pointing(scores: Tensor, right: Tensor) -> Tensor:
    """Mean of -log of the share of what heads look at that lies where it should, [N, L]; scores [N, L, heads]."""
    scores = scores.float()
    there = scores.masked_fill(~right[..., None], float("-inf"))
    return (scores.logsumexp(dim=1) - there.logsumexp(dim=1)).mean()
