"""A checkpoint folder as the start of a conversion: the hub's form, mlx-community's or our own, packed or not.

Checked whole before a byte is written: configuration, tokenizer, every tensor's name and shape. Weights stay on disk
until their turn comes; packed ones are expanded then, and a LoRA adapter is added. Code in the folder is neither read
nor copied.
"""

import logging
import re
from functools import partial
from pathlib import Path

import mlx.core as mx

from convert.adapter import read_adapter
from convert.packing import PackedParameter, Parameter, finite
from convert.source import Source
from mlx_model.errors import CheckpointError, RefusedError
from mlx_model.loading.checkpoint import load_lazily, load_to_stream, open_checkpoint
from mlx_model.loading.json_file import read_json
from mlx_model.loading.quantized import expand, packed_modules
from mlx_model.loading.weights import INDEX_NAME, check_names_and_shapes, weight_files

log = logging.getLogger(__name__)

# What is kept byte for byte beside the weights: configuration, tokenizer, processor, templates, licence.
_KEPT = re.compile(r".+\.(json|jinja|txt|model)|(LICENSE|NOTICE)(\.(txt|md))?", re.IGNORECASE)
_REWRITTEN = ("config.json", INDEX_NAME, "conversion.json")


def open_folder(folder: Path, adapter: Path | None = None, name: Path | None = None) -> Source:
    """Read what is small, check what is not. `name` is what a warning calls it, where that is not the folder.

    Raises CheckpointError or RefusedError.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder and no .gguf file: there is nothing to convert.")
    checkpoint, stored = open_checkpoint(folder)
    values = read_json(folder / "config.json")
    _check_packing(folder, values)
    packed = packed_modules(stored, checkpoint.config, folder)
    if packed:
        log.warning(
            "%s is quantized already, and packing again loses more: better convert the original.", name or folder
        )
    dtypes = {name: weight.dtype for name, weight in stored.items()}
    dtypes |= {f"{path}.weight": stored[f"{path}.scales"].dtype for path in packed}
    weights = expand(stored, checkpoint.config, folder)
    del stored
    check_names_and_shapes(checkpoint.model, weights, folder)
    change = None
    if adapter is not None:
        change = read_adapter(adapter, {name: weight.shape for name, weight in weights.items()})
        weights = change(weights)
    parameters: list[Parameter | PackedParameter] = [
        Parameter(name, weight.shape, dtypes[name], partial(_take, weights, folder, name))
        for name, weight in weights.items()
    ]
    nbytes = sum(file.stat().st_size for file in weight_files(folder))
    load, stream = partial(load_lazily, folder, change or dict), partial(load_to_stream, folder, change)
    return Source(values, _kept_files(folder), parameters, nbytes, load, stream)


def _check_packing(folder: Path, values: dict[str, object]) -> None:
    """mlx-lm writes its own packing twice, under both names; other programs' state a method."""
    theirs = values.get("quantization_config")
    if isinstance(theirs, dict) and (method := theirs.get("quant_method")):
        raise RefusedError(
            f"{folder / 'config.json'}: 'quantization_config' says that the weights are packed by {method}, which is "
            "not read. Convert the original."
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
