"""A checkpoint folder as the start of a conversion: the hub's form, mlx-community's or our own, not yet packed.

Checked whole before a byte is written: configuration, tokenizer, every tensor's name and shape. Weights stay on disk
until their turn comes. Code in the folder is neither read nor copied.
"""

import re
from functools import partial
from pathlib import Path
from typing import Any

import mlx.core as mx

from convert.packing import PackedParameter, Parameter, finite
from convert.source import Source
from mlx_model.checkpoint import open_checkpoint
from mlx_model.errors import CheckpointError, ConversionError
from mlx_model.json_file import read_json
from mlx_model.weights import INDEX_NAME, check_names_and_shapes, weight_files

# What is kept byte for byte beside the weights: configuration, tokenizer, processor, templates, licence.
_KEPT = re.compile(r".+\.(json|jinja|txt|model)|(LICENSE|NOTICE)(\.(txt|md))?", re.IGNORECASE)
_REWRITTEN = ("config.json", INDEX_NAME)


def open_folder(folder: Path) -> Source:
    """Read what is small, check what is not. Raises CheckpointError, RefusedError, or ConversionError if packed."""
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder and no .gguf file: there is nothing to convert.")
    checkpoint, weights = open_checkpoint(folder)
    values = read_json(folder / "config.json")
    _check_unpacked(folder, values, weights)
    check_names_and_shapes(checkpoint.model, weights, folder)
    parameters: list[Parameter | PackedParameter] = [
        Parameter(name, weight.shape, weight.dtype, partial(_take, weights, folder, name))
        for name, weight in weights.items()
    ]
    nbytes = sum(file.stat().st_size for file in weight_files(folder))
    return Source(values, _kept_files(folder), parameters, nbytes)


def _check_unpacked(folder: Path, values: dict[str, Any], weights: dict[str, mx.array]) -> None:
    packed = "quantization" in values or "quantization_config" in values
    if packed or any(name.endswith(".scales") for name in weights):
        raise ConversionError(
            f"{folder} is quantized already, and packing again loses more. Use it as it is, or convert the original."
        )


def _take(weights: dict[str, mx.array], folder: Path, name: str) -> mx.array:
    """Read one tensor from its file, and let go of it: memory holds what is in work."""
    weight = weights.pop(name)
    try:
        mx.eval(weight)
    except (OSError, RuntimeError) as error:
        raise CheckpointError(f"{folder}: {name} could not be read ({error}). Get the checkpoint again.") from error
    return finite(weight, f"{folder}: {name}")


def _kept_files(folder: Path) -> dict[str, bytes]:
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and _KEPT.fullmatch(path.name))
    try:
        return {name: (folder / name).read_bytes() for name in names if name not in _REWRITTEN}
    except OSError as error:
        raise CheckpointError(f"{error.filename} could not be read ({error.strerror}).") from error
