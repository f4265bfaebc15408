"""Packed layers of a checkpoint: which they are, and what they are unpacked.

MLX's affine form: `bits` per weight, each group of `group_size` along the input sharing a scale and a bias.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten, tree_unflatten

from mlx_model.config import ModelConfig, Quantization
from mlx_model.errors import CheckpointError
from mlx_model.loading.weights import rename


def packed_modules(weights: Iterable[str], config: ModelConfig, folder: Path) -> dict[str, Quantization]:
    """Paths of the modules that the files hold packed, by the names of their tensors, and their packing."""
    named = {rename(f"{path}.weight"): packing for path, packing in config.quantization.items() if path}
    packed = {}
    for name in weights:
        if not name.endswith(".scales"):
            continue
        path = name.removesuffix(".scales")
        packing = named.get(f"{path}.weight", config.quantization.get(""))
        if packing is None:
            raise CheckpointError(f"{folder}: {path} is packed, but config.json's 'quantization' does not say how.")
        packed[path] = packing
    return packed


def make_room_for_packed(model: nn.Module, packed: Mapping[str, Quantization], folder: Path) -> None:
    """Turn the modules at these paths into quantized ones, ready for their weights; others stay as they are."""
    leaves: dict[str, Any] = dict(tree_flatten(model.leaf_modules(), is_leaf=nn.Module.is_module))
    rooms = {}
    for path in packed.keys() & leaves.keys():
        try:
            rooms[path] = leaves[path].to_quantized(packed[path].group_size, packed[path].bits)
        except (AttributeError, ValueError) as error:
            raise _contradiction(folder, path, packed[path], error) from error
    if rooms:
        model.update_modules(tree_unflatten(list(rooms.items())))


def expand(weights: dict[str, mx.array], config: ModelConfig, folder: Path) -> dict[str, mx.array]:
    """Packed layers as plain ones, in float32: in float16 the products alone would be rounded."""
    weights = dict(weights)
    for path, packing in packed_modules(weights, config, folder).items():
        try:
            weights[f"{path}.weight"] = mx.dequantize(
                weights[f"{path}.weight"],
                weights.pop(f"{path}.scales").astype(mx.float32),
                weights.pop(f"{path}.biases").astype(mx.float32),
                group_size=packing.group_size,
                bits=packing.bits,
            )
        except (ValueError, KeyError) as error:
            raise _contradiction(folder, path, packing, error) from error
    return weights


def _contradiction(folder: Path, path: str, packing: Quantization, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{folder}: {path} cannot be packed as {packing.bits} bits in groups of {packing.group_size} ({error}). "
        "config.json and the weights contradict each other."
    )
