"""Learned rounding for a whole model: layer by layer, from what each matrix reads of the calibration set.

The source runs once, streamed; a layer's matrices are rounded while its moments are at hand, and are waiting when the
writer comes for them. Knows no files.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from convert.check.check_set import read_items
from convert.check.moments import DECODER, ENCODER, Listening, outer_products, recording
from convert.check.streamed_model import StreamedModel
from convert.packing import Parameter
from convert.rounding import rounded
from mlx_model.config import Quantization
from mlx_model.loading.checkpoint import Checkpoint

Packed = tuple[mx.array, mx.array, mx.array]
HEAD, EMBEDDING = "language_model.lm_head.weight", "language_model.embed_tokens.weight"
# Beyond these the nearest point loses next to nothing, or learning takes too long.
_MOST_BITS, _WIDEST = 6, 4096


@dataclass(frozen=True)
class Wanted:
    """A matrix to be rounded, how, and the dtype of its scales."""

    parameter: Parameter
    packing: Quantization
    dtype: mx.Dtype


def can_learn(parameter: Parameter, packing: Quantization, *, tied: bool) -> bool:
    """Whether rounding of this matrix is learned: not for a table that is looked up, nor for the connector."""
    is_read = ".layers." in parameter.name or parameter.name == (EMBEDDING if tied else HEAD)
    return is_read and packing.bits <= _MOST_BITS and parameter.shape[1] <= _WIDEST


class LearnedRounding:
    """`take(name)` gives the packed matrix; names are best asked for in the order of `network_order`."""

    def __init__(self, load: Callable[[], Checkpoint], wanted: Mapping[str, Wanted]) -> None:
        self._wanted, self._ready = wanted, dict[str, Packed]()
        self._stream = self._run(load)

    def take(self, name: str) -> Packed:
        while name not in self._ready:
            next(self._stream)
        return self._ready.pop(name)

    def _run(self, load: Callable[[], Checkpoint]) -> Iterator[None]:
        """Goes through the network, a layer a step."""
        source = load()
        items, tied = read_items(source, "calibration"), source.config.text.tie_word_embeddings
        model = StreamedModel(source)
        features = model.place_patches([item.pixels for item in items if item.pixels is not None])
        if features:
            for number, layer in enumerate(model.encoder_layers()):
                prefix = f"vision_model.encoder.layers.{number}"
                features = yield from self._learn(layer, ENCODER, prefix, features, model.through_encoder)
        tokens = iter(model.connect(model.finish_encoding(features)) if features else [])
        placed = [None if item.pixels is None else next(tokens) for item in items]
        hidden = model.embed([item.ids for item in items], placed)
        for number, layer in enumerate(model.decoder_layers()):
            hidden = yield from self._learn(layer, DECODER, f"language_model.layers.{number}", hidden, model.through)
        moments = mx.sum(mx.stack([outer_products(state) for state in model.normed(hidden)]), axis=0)
        self._round(EMBEDDING if tied else HEAD, np.array(moments))
        yield

    def _learn(
        self,
        layer: nn.Module,
        listening: Listening,
        prefix: str,
        sequences: list[mx.array],
        through: Callable[[nn.Module, list[mx.array]], list[mx.array]],
    ) -> Generator[None, None, list[mx.array]]:
        with recording(layer, listening) as moments:
            result = through(layer, sequences)
        for path, seen in moments.items():
            self._round(f"{prefix}.{path}.weight", seen)
        yield
        return result

    def _round(self, name: str, moments: np.ndarray) -> None:
        if (wanted := self._wanted.get(name)) is None:
            return
        matrix = np.array(wanted.parameter.read().astype(mx.float32))
        # A matrix that was filled up with zeros reads nothing there.
        moments = np.pad(moments, (0, matrix.shape[1] - len(moments)))
        self._ready[name] = rounded(matrix, moments, wanted.packing, wanted.dtype)


def network_order(name: str, *, tied: bool) -> tuple[int, int]:
    """Where a parameter stands in the network; a tied embedding is learned as the head that it is."""
    if name.startswith("vision_model."):
        layer = name.partition(".layers.")[2].split(".")[0]
        return (0, int(layer)) if layer else (-1, 0)
    if ".layers." in name:
        return 3, int(name.partition(".layers.")[2].split(".")[0])
    if name.startswith("connector."):
        return 1, 0
    return (2, 0) if name == EMBEDDING and not tied else (4, 0)
