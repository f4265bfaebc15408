"""A GGUF file's tensors as a conversion's parameters: packed blocks kept to the last bit, plain numbers as they are.

Knows how blocks and numbers lie in the file; knows neither what a tensor is for nor what its name means.
"""

from collections.abc import Callable
from functools import partial

import mlx.core as mx
import numpy as np

from convert.gguf_blocks import PACKINGS, affine_from_blocks
from convert.gguf_file import GGUFFile, GGUFTensor
from convert.packing import PackedParameter, Parameter, finite
from mlx_model.errors import CheckpointError

# What turns an array as the file has it into one as the model has it.
InOrder = Callable[[mx.array], mx.array]
_SMALLEST_HALF = 2.0**-24


def matrix_dtype(tensor: GGUFTensor) -> mx.Dtype:
    """What a matrix is in MLX, expanded or with its scales: float16 for every packed type."""
    return {"F32": mx.float32, "BF16": mx.bfloat16}.get(tensor.type, mx.float16)


class Parameters:
    """Makes parameters of a file's tensors. `vector_dtype` is that of the matrices, which vectors take after."""

    def __init__(self, file: GGUFFile, *, vector_dtype: mx.Dtype) -> None:
        self.file, self.vector_dtype = file, vector_dtype

    def parameter(
        self, name: str, tensor: GGUFTensor, in_order: InOrder, shape: tuple[int, ...] | None = None
    ) -> Parameter | PackedParameter:
        """`name` and `shape` (where `in_order` changes it) as our model has them."""
        if tensor.type not in PACKINGS:
            read = partial(self._dense, tensor, in_order)
            return Parameter(name, shape or tensor.shape, self._dtype(tensor), read)
        if len(tensor.shape) != 2:
            raise CheckpointError(f"{self.file.path}: '{tensor.name}' is packed but no matrix. Get the file again.")
        return PackedParameter(name, tensor.shape, PACKINGS[tensor.type], partial(self._packed, tensor, in_order))

    def _dtype(self, tensor: GGUFTensor) -> mx.Dtype:
        """A norm, a bias or an embedding, which files keep in float32 beside smaller ones, takes the matrices' dtype
        where that loses no more than float16's smallest step: one of them in float32 would turn every activation after
        it into float32.
        """
        is_multiplied = len(tensor.shape) == 2 and "position_embd" not in tensor.name
        if tensor.type != "F32" or is_multiplied:
            return matrix_dtype(tensor)
        numbers = self._numbers(tensor)
        lost = np.asarray(mx.abs(numbers.astype(self.vector_dtype).astype(mx.float32) - numbers)).max()
        return self.vector_dtype if lost < _SMALLEST_HALF else mx.float32

    def _numbers(self, tensor: GGUFTensor) -> mx.array:
        return mx.array(self.file.read(tensor)).view(matrix_dtype(tensor)).reshape(tensor.shape)

    def _dense(self, tensor: GGUFTensor, in_order: InOrder) -> mx.array:
        return in_order(finite(self._numbers(tensor), f"{self.file.path}: '{tensor.name}'"))

    def _packed(self, tensor: GGUFTensor, in_order: InOrder) -> tuple[mx.array, mx.array, mx.array]:
        words, scales, biases = affine_from_blocks(self.file.read(tensor), tensor.shape[0], tensor.type)
        if not (np.isfinite(scales).all() and np.isfinite(biases).all()):
            raise CheckpointError(f"{self.file.path}: the scales of '{tensor.name}' are not finite. Get it again.")
        return in_order(mx.array(words)), in_order(mx.array(scales)), in_order(mx.array(biases))
