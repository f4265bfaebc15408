"""Matrices multiplied as they lie on disk, on a CPU: a block of rows at a time becomes float32 and is multiplied.

For one pass over weights that are not worth unpacking whole: what a block takes stays in the processor's cache, where
float32 of all of it would go out to memory and come back. For many tokens at once; for one after the other, `load`
unpacks the model once. In numpy and BLAS, on all cores: MLX's streams would wait for each other.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten

from mlx_model.device.arithmetic import as_float32
from mlx_model.device.products import multiply_transposed, one_core_each
from mlx_model.device.unpacking import unpack_into, widen_into

Fill = Callable[[np.ndarray, slice], None]
_BLOCK = 1 << 20  # numbers: four megabytes of float32
_CORES = os.cpu_count() or 1


class Linear(nn.Linear):
    """A linear layer whose weight has the source's dtype."""

    def __call__(self, x: mx.array) -> mx.array:
        y = _product(x, len(self.weight), _plain(self.weight))
        return y + self.bias if "bias" in self else y


class Embedding(nn.Embedding):
    """An embedding whose table has the source's dtype; its rows come out in float32."""

    def __call__(self, ids: mx.array) -> mx.array:
        return super().__call__(ids).astype(mx.float32)

    def as_linear(self, x: mx.array) -> mx.array:
        return _product(x, len(self.weight), _plain(self.weight))


class QuantizedLinear(nn.QuantizedLinear):
    """A packed linear layer."""

    def __call__(self, x: mx.array) -> mx.array:
        y = _product(x, len(self.weight), _packed(self))
        return y + self.bias if "bias" in self else y


class QuantizedEmbedding(nn.QuantizedEmbedding):
    """A packed table."""

    def as_linear(self, x: mx.array) -> mx.array:
        return _product(x, len(self.weight), _packed(self))


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
    others = [(name, as_float32(one)) for name, one in parameters if name not in kept]
    model.update(tree_unflatten(others))


def _product(x: mx.array, rows: int, fill: Fill) -> mx.array:
    """x [..., width] times the transpose of a matrix [rows, width], of which `fill(block, rows)` gives some rows.

    Each core fills a block and multiplies by it, without the others.
    """
    mx.eval(x)
    width = x.shape[-1]
    numbers = np.ascontiguousarray(np.asarray(x.astype(mx.float32)).reshape(-1, width))
    result = np.empty((len(numbers), rows), np.float32)

    def multiply(part: slice) -> None:
        block = np.empty((part.stop - part.start, width), np.float32)
        fill(block, part)
        multiply_transposed(numbers, block, result[:, part])

    step = max(1, min(_BLOCK // width, -(-rows // _CORES)))
    parts = [slice(start, min(start + step, rows)) for start in range(0, rows, step)]
    with one_core_each(), ThreadPoolExecutor(_CORES) as cores:
        list(cores.map(multiply, parts))
    return mx.array(result).reshape(*x.shape[:-1], rows)


def _plain(weight: mx.array) -> Fill:
    mx.eval(weight)
    if weight.dtype == mx.bfloat16:
        bits = np.asarray(weight.view(mx.uint16))
        return lambda block, rows: widen_into(block, bits[rows])
    numbers = np.asarray(weight)
    return lambda block, rows: np.copyto(block, numbers[rows])


def _packed(module: Any) -> Fill:
    mx.eval(module.weight, module.scales, module.biases)
    words, scales, biases = (np.asarray(one) for one in (module.weight, module.scales, module.biases))
    return lambda block, rows: unpack_into(block, words[rows], scales[rows], biases[rows], module.bits)
