"""From a parameter of the source to the tensors of the output: taken as it is, cast, or packed by the recipe.

Knows shapes and arithmetic; knows neither files nor which form the source has.
"""

from collections.abc import Callable
from dataclasses import dataclass

import mlx.core as mx
import numpy as np

from convert.naming import Form
from convert.recipe import UNPACKED_BITS, Recipe
from convert.shards import DTYPES, Job, TensorSpec
from mlx_model.config import Quantization
from mlx_model.errors import CheckpointError

Packed = tuple[mx.array, mx.array, mx.array]
# The unsigned form of a number's bits, those that are not its sign, and infinity; NaN lies above it.
_BITS = {
    mx.float32: (mx.uint32, 0x7FFFFFFF, 0x7F800000),
    mx.bfloat16: (mx.uint16, 0x7FFF, 0x7F80),
    mx.float16: (mx.uint16, 0x7FFF, 0x7C00),
}

_BLOCK = 1 << 18  # numbers: what is made of so many stays in the processor's cache


@dataclass(frozen=True)
class Parameter:
    """A parameter of the source by its name in our model.

    `read` is called once, gives finite numbers (see `finite`), and may forget what it gave.
    """

    name: str
    shape: tuple[int, ...]
    dtype: mx.Dtype
    read: Callable[[], mx.array]


@dataclass(frozen=True)
class PackedParameter:
    """A matrix that the source holds in MLX's own affine form; `shape` is that of the matrix, scales are float16.

    `read` gives words, scales and biases.
    """

    name: str
    shape: tuple[int, ...]
    packing: Quantization
    read: Callable[[], tuple[mx.array, mx.array, mx.array]]


def finite(array: mx.array, name: str) -> mx.array:
    """The array itself, once it has been looked through. Raises CheckpointError for NaN and infinity."""
    if _is_broken(array):
        raise CheckpointError(f"{name} holds numbers that are not finite. Get the checkpoint again.")
    return array


def _is_broken(array: mx.array) -> bool:
    """By the bits, in numpy: on a CPU `mx.isfinite` takes as long as the packing itself."""
    form, unsigned, infinity = _BITS[array.dtype]
    bits = np.asarray(array.view(form)).reshape(-1)
    blocks = (bits[start : start + _BLOCK] for start in range(0, len(bits), _BLOCK))
    return any(int((block & unsigned).max()) >= infinity for block in blocks)


def packing_of(parameter: Parameter | PackedParameter, recipe: Recipe) -> Quantization | None:
    """How the output holds the parameter: the source's packing, else the recipe's; None for plain numbers."""
    if isinstance(parameter, PackedParameter):
        return parameter.packing
    return recipe.quantization_for(parameter.name, parameter.shape)


def job_for(
    parameter: Parameter | PackedParameter, form: Form, recipe: Recipe, take: Callable[[str], Packed] | None = None
) -> Job:
    """The job that writes one parameter in that form. `take` gives matrices that were packed elsewhere, by name."""
    name, shape = parameter.name, parameter.shape
    stored = form.stored_name(name)
    if isinstance(parameter, PackedParameter):
        return Job(_packed_specs(stored, shape, mx.float16, parameter.packing), lambda _: parameter.read())
    packing, dtype = packing_of(parameter, recipe), output_dtype(parameter.dtype, recipe)
    if packing is None:
        spec = TensorSpec(stored, form.stored_shape(name, shape), _tag(dtype))
        return Job((spec,), lambda stream: (form.stored(name, parameter.read().astype(dtype, stream=stream)),))
    specs = _packed_specs(stored, shape, dtype, packing)
    if take is not None:
        return Job(specs, lambda _: take(name))
    return Job(specs, lambda stream: _pack(parameter.read().astype(dtype, stream=stream), packing, stream))


def output_dtype(dtype: mx.Dtype, recipe: Recipe) -> mx.Dtype:
    """Beside packed layers float32 becomes bfloat16, in which these models were trained: scales of four bytes would
    cost another half bit a weight, and norms in float32 would turn every activation into float32.
    """
    return mx.bfloat16 if dtype == mx.float32 and recipe.bits != UNPACKED_BITS else dtype


def _pack(matrix: mx.array, packing: Quantization, stream: mx.Stream) -> Packed:
    words, scales, biases = mx.quantize(matrix, group_size=packing.group_size, bits=packing.bits, stream=stream)
    return words, scales, biases


def _packed_specs(name: str, shape: tuple[int, ...], dtype: mx.Dtype, packing: Quantization) -> tuple[TensorSpec, ...]:
    """The three tensors of a matrix `module.weight`: 32-bit words, then a scale and a bias for each group of a row."""
    rows, width = shape
    module = name.removesuffix(".weight")
    groups = (rows, width // packing.group_size)
    return (
        TensorSpec(name, (rows, width * packing.bits // 32), "U32"),
        TensorSpec(f"{module}.scales", groups, _tag(dtype)),
        TensorSpec(f"{module}.biases", groups, _tag(dtype)),
    )


def _tag(dtype: mx.Dtype) -> str:
    return next(tag for tag, known in DTYPES.items() if known == dtype)
