"""A model run stage by stage, each weight read when its stage comes and let go of after it.

So memory holds one layer and the activations of a few sequences, whatever the model's size. Takes the modules of
`mlx_model` as loading made them; knows neither files nor what the numbers are for.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn

from mlx_model.loading.checkpoint import Checkpoint

Layer = Callable[[mx.array], mx.array]


class StreamedModel:
    """Runs once, from `encode` to `logits`, in that order. The checkpoint's weights must be lazy: they are used up."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.config, self._model = checkpoint.config, checkpoint.model

    def place_patches(self, pixels: Sequence[mx.array]) -> list[mx.array]:
        """Pixels [1, H, W, 3] -> patches at their places [1, N, D], what the first encoder layer reads."""
        if not pixels:
            return []
        embeddings = self._model.vision_model.embeddings
        dtype = self._model.vision_model.post_layernorm.weight.dtype
        return _each(lambda x: embeddings(x.astype(dtype)), pixels)

    def encoder_layers(self) -> Iterator[nn.Module]:
        """One layer after the other; each is gone when the next is asked for."""
        yield from _used_up(self._model.vision_model.encoder.layers)

    def through_encoder(self, layer: nn.Module, patches: Sequence[mx.array]) -> list[mx.array]:
        return _each(layer, patches)

    def finish_encoding(self, patches: Sequence[mx.array]) -> list[mx.array]:
        return _each(self._model.vision_model.post_layernorm, patches)

    def encode(self, pixels: Sequence[mx.array]) -> list[mx.array]:
        """Pixels [1, H, W, 3] -> the encoder's features [1, N, D]."""
        if not pixels:
            return []
        x = self.place_patches(pixels)
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
        """Embeddings [1, L, D] -> hidden states [1, L, D], before the head."""
        hidden = list(sequences)
        for layer in self.decoder_layers():
            hidden = self.through(layer, hidden)
        return hidden

    def normed(self, hidden: Sequence[mx.array]) -> list[mx.array]:
        """What the head reads."""
        return _each(self._model.language_model.norm, hidden)

    def logits(self, hidden: Sequence[mx.array]) -> list[mx.array]:
        """Hidden states [1, L, D] -> logits [1, L, vocabulary], in float32."""
        return _each(lambda x: self._model.language_model.logits(x).astype(mx.float32), hidden)


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
        mx.clear_cache()
