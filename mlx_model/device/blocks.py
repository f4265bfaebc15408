"""Matrices multiplied as they lie on disk, on a CPU: a block of rows at a time becomes float32 and is multiplied.

For one pass over weights that are not worth unpacking whole: what a block takes stays in the processor's cache, where
float32 of all of it would go out to memory and come back. For many tokens at once; for one after the other, `load`
unpacks the model once. The products are MLX's; the blocks are filled by numpy, whose memory is theirs.
"""

from collections.abc import Iterator
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten

from mlx_model.device.unpacking import unpack_into, widen_into

_BLOCK = 1 << 20  # numbers: four megabytes of float32


class Linear(nn.Linear):
    """A linear layer whose weight has the source's dtype."""

    def __call__(self, x: mx.array) -> mx.array:
        y = _product(x, _plain_blocks(self.weight))
        return y + self.bias if "bias" in self else y


class Embedding(nn.Embedding):
    """An embedding whose table has the source's dtype; its rows come out in float32."""

    def __call__(self, ids: mx.array) -> mx.array:
        return super().__call__(ids).astype(mx.float32)

    def as_linear(self, x: mx.array) -> mx.array:
        return _product(x, _plain_blocks(self.weight))


class QuantizedLinear(nn.QuantizedLinear):
    """A packed linear layer."""

    def __call__(self, x: mx.array) -> mx.array:
        y = _product(x, _packed_blocks(self))
        return y + self.bias if "bias" in self else y


class QuantizedEmbedding(nn.QuantizedEmbedding):
    """A packed table."""

    def as_linear(self, x: mx.array) -> mx.array:
        return _product(x, _packed_blocks(self))


_REPLACEMENTS: dict[type[nn.Module], type[nn.Module]] = {
    nn.Linear: Linear,
    nn.Embedding: Embedding,
    nn.QuantizedLinear: QuantizedLinear,
    nn.QuantizedEmbedding: QuantizedEmbedding,
}


def replace_layers(model: nn.Module) -> None:
    """Every linear layer and table of a model becomes one of this module; all but their weights becomes float32."""
    kept = set()
    for path, module in model.named_modules():
        if (replacement := _REPLACEMENTS.get(type(module))) is not None:
            module.__class__ = replacement
            kept.add(f"{path}.weight")
    parameters: Any = tree_flatten(model.parameters())
    others = [(name, _float32(one)) for name, one in parameters if name not in kept]
    model.update(tree_unflatten(others))


def _float32(array: mx.array) -> mx.array:
    """Lazily, and numbers alone."""
    return array.astype(mx.float32) if mx.issubdtype(array.dtype, mx.floating) else array


def _product(x: mx.array, blocks: Iterator[mx.array]) -> mx.array:
    """x [..., width] times the transpose of a matrix [rows, width], which comes in blocks of rows."""
    mx.eval(x)
    parts = []
    for block in blocks:
        parts.append(x @ block.T)
        mx.eval(parts[-1])  # the next block takes this one's place
    return mx.concatenate(parts, axis=-1)


def _plain_blocks(weight: mx.array) -> Iterator[mx.array]:
    rows, width = len(weight), weight.shape[1]
    mx.eval(weight)
    if weight.dtype == mx.float32:
        yield weight
        return
    is_short = weight.dtype == mx.bfloat16
    numbers = np.asarray(weight.view(mx.uint16) if is_short else weight)
    for start, stop, block in _rooms(rows, width):
        (widen_into if is_short else np.copyto)(np.asarray(block), numbers[start:stop])
        yield block


def _packed_blocks(module: Any) -> Iterator[mx.array]:
    mx.eval(module.weight, module.scales, module.biases)
    words, scales, biases = (np.asarray(one) for one in (module.weight, module.scales, module.biases))
    for start, stop, block in _rooms(len(words), words.shape[1] * 32 // module.bits):
        unpack_into(np.asarray(block), words[start:stop], scales[start:stop], biases[start:stop], module.bits)
        yield block


def _rooms(rows: int, width: int) -> Iterator[tuple[int, int, mx.array]]:
    """First row, the row after the last, and a float32 array for them, the same one as often as it fits."""
    step = max(1, _BLOCK // width)
    room = mx.zeros((min(step, rows), width))
    mx.eval(room)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        if stop - start < len(room):
            room = mx.zeros((stop - start, width))
            mx.eval(room)
        yield start, stop, room
