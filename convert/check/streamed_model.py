"""A model run stage by stage, each weight read when its stage comes and let go of after it.

So memory holds one layer and the activations of a few sequences, whatever the model's size. Takes the modules of
`mlx_model` as loading made them; knows neither files nor what the numbers are for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from mlx_model.loading.checkpoint import Checkpoint

Layer = Callable[[mx.array], mx.array]


class StreamedModel:
    """Runs once, from `encode` to `logits`, in that order. The checkpoint's weights must be lazy: they are used up."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.config, self._model = checkpoint.config, checkpoint.model

    def place_patches(self, pixels: Sequence[mx.array], sides: Iterable[int | None] = ()) -> list[mx.array]:
        """Pixels [1, H, W, 3] -> patches at their places [1, N, D], what the first encoder layer reads.

        `sides` says for each picture how many rows and columns of patches are kept, evenly spread; None: all.
        """
        if not pixels:
            return []
        embeddings = self._model.vision_model.embeddings
        dtype = self._model.vision_model.post_layernorm.weight.dtype
        patches = _each(lambda x: embeddings(x.astype(dtype)), pixels)
        return [one if side is None else _spread(one, side) for one, side in zip_longest(patches, sides)]

    def encoder_layers(self) -> Iterator[nn.Module]:
        """One layer after the other; each is gone when the next is asked for."""
        yield from _used_up(self._model.vision_model.encoder.layers)

    def through_encoder(self, layer: nn.Module, patches: Sequence[mx.array]) -> list[mx.array]:
        return _each(layer, patches)

    def finish_encoding(self, patches: Sequence[mx.array]) -> list[mx.array]:
        return _each(self._model.vision_model.post_layernorm, patches)

    def encode(self, pixels: Sequence[mx.array], sides: Iterable[int | None] = ()) -> list[mx.array]:
        """Pixels [1, H, W, 3] -> the encoder's features [1, N, D]; `sides` as for `place_patches`."""
        if not pixels:
            return []
        x = self.place_patches(pixels, sides)
        for layer in self.encoder_layers():
            x = self.through_encoder(layer, x)
        x = self.finish_encoding(x)
        del self._model.vision_model
        return x

    def connect(self, features: Sequence[mx.array]) -> list[mx.array]:
        """Features [1, N, D] -> image tokens [1, tokens, D of the decoder]."""
        return _each(self._model.connector, features) if features else []

    def embed(self, ids: Sequence[Sequence[int]], image_tokens: Sequence[mx.array | None]) -> list[mx.array]:
        """Each sequence's embeddings [1, L, D], with its picture's tokens in their place."""
        embedded = [self._model.embed(mx.array([one]), seen) for one, seen in zip(ids, image_tokens, strict=True)]
        mx.eval(embedded)
        return embedded

    def decoder_layers(self) -> Iterator[nn.Module]:
        """As `encoder_layers`; see `through` for running one."""
        if not self.config.text.tie_word_embeddings:
            del self._model.language_model.embed_tokens
        yield from _used_up(self._model.language_model.layers)

    def through(self, layer: nn.Module, sequences: Sequence[mx.array]) -> list[mx.array]:
        """Whole sequences [1, L, D] through one decoder layer."""
        return _each(lambda x: layer(x, self._model.language_model.new_cache()[0]), sequences)

    def decode(self, sequences: Sequence[mx.array]) -> list[mx.array]:
        """Embeddings [1, L, D] -> hidden states [1, L, D], before the head.

        All go through a layer side by side, so that matrices are read once; the shorter ones are filled up at the end,
        which nothing before it looks at.
        """
        longest = max(sequence.shape[1] for sequence in sequences)
        hidden = [mx.concatenate([mx.pad(one, [(0, 0), (0, longest - one.shape[1]), (0, 0)]) for one in sequences])]
        for layer in self.decoder_layers():
            hidden = self.through(layer, hidden)
        return [hidden[0][number, None, : one.shape[1]] for number, one in enumerate(sequences)]

    def normed(self, hidden: Sequence[mx.array]) -> list[mx.array]:
        """What the head reads."""
        return _each(self._model.language_model.norm, hidden)

    def logits(self, hidden: Sequence[mx.array]) -> list[mx.array]:
        """Hidden states [1, L, D] -> logits [1, L, vocabulary], in float32."""
        return _each(lambda x: self._model.language_model.logits(x).astype(mx.float32), hidden)


def _spread(patches: mx.array, side: int) -> mx.array:
    """Of a square of patches [1, N, D] the `side` times `side` that are evenly spread over it."""
    across = round(patches.shape[1] ** 0.5)
    lines = np.linspace(0, across - 1, side).round().astype(int)
    return patches[:, mx.array((lines[:, None] * across + lines).reshape(-1))]


def _each(run: Layer, sequences: Sequence[mx.array]) -> list[mx.array]:
    """One sequence at a time, so that activations of one are all that a layer holds."""
    result = []
    for sequence in sequences:
        result.append(run(sequence))
        mx.eval(result[-1])
    return result


def _used_up(layers: list[Any]) -> Iterator[nn.Module]:
    """One after the other; the next one's weights are on their way while one is used."""
    for number in range(len(layers)):
        if number + 1 < len(layers):
            mx.async_eval(layers[number + 1].parameters())
        yield layers[number]
        layers[number] = nn.Identity()
