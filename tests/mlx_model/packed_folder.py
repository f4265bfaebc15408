"""Folders with packed layers, written with MLX's own `quantize`, as mlx-vlm would and without our converter."""

from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import numpy as np

from mlx_model.config import Quantization
from tests.checkpoints import model_config, tensors, write_configs

DEFAULT = Quantization(64, 4)
# Module paths by their beginning: what has another packing than the default, or none.
RECIPE: dict[str, Quantization | None] = {
    "lm_head": Quantization(32, 8),
    "language_model.embed_tokens": Quantization(64, 6),
    "connector": Quantization(64, 8),
    "vision_model.encoder.layers.0": None,
}


def write_packed(
    folder: Path,
    preset: str = "256m",
    default: Quantization = DEFAULT,
    recipe: dict[str, Quantization | None] = RECIPE,
    change: Callable[[dict[str, mx.array], dict[str, object]], None] = lambda weights, quantization: None,
) -> Path:
    """A folder with mlx-community's names whose matrices are packed; `change` may spoil the tensors or the entry."""
    config = model_config(preset)
    weights, entry = pack(tensors(config, layout="mlx-community"), default, recipe)
    change(weights, entry)
    write_configs(folder, preset, {**config, "quantization": entry})
    mx.save_safetensors(str(folder / "model.safetensors"), weights)
    return folder


def pack(
    arrays: dict[str, np.ndarray], default: Quantization, recipe: dict[str, Quantization | None]
) -> tuple[dict[str, mx.array], dict[str, object]]:
    """Tensors as they stand in the file, and config.json's `quantization`."""
    weights: dict[str, mx.array] = {}
    entry: dict[str, object] = {"group_size": default.group_size, "bits": default.bits, "mode": default.mode}
    for name, array in arrays.items():
        module, weight = name.removesuffix(".weight"), mx.array(array)
        is_matrix = weight.ndim == 2 and "position_embedding" not in name
        packing = next((packing for start, packing in recipe.items() if module.startswith(start)), default)
        if not is_matrix or packing is None:
            weights[name] = weight
            if is_matrix:
                entry[module] = False
            continue
        if packing != default:
            entry[module] = {"group_size": packing.group_size, "bits": packing.bits}
        weights[name], weights[f"{module}.scales"], weights[f"{module}.biases"] = pack_one(weight, packing)
    return weights, entry


def pack_one(weight: mx.array, packing: Quantization) -> tuple[mx.array, mx.array, mx.array]:
    """A matrix as its packed words, scales and biases."""
    packed, scales, biases = mx.quantize(weight, packing.group_size, packing.bits)
    assert isinstance(packed, mx.array) and isinstance(scales, mx.array) and isinstance(biases, mx.array)
    return packed, scales, biases
