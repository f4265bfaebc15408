"""A checkpoint's tensors by name and shape: what the files hold, and what our modules call it.

Reads three families of names: the hub's (`model.vision_model`, `model.text_model`, `model.connector`, `lm_head`), those
of mlx-community and of our own folders (`vision_model`, `language_model`, `connector`), and a text-only Llama's
(`model.layers`). Headers are checked by the `safetensors` library before MLX opens a file: MLX itself accepts
overlapping tensors and trailing bytes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten
from safetensors import SafetensorError, safe_open

from mlx_model.config import ModelConfig
from mlx_model.errors import CheckpointError
from mlx_model.loading.json_file import read_json

INDEX_NAME = "model.safetensors.index.json"
SINGLE_NAME = "model.safetensors"

# Prefixes in the order they are tried: the longer before those that they contain.
_PREFIXES = (
    ("model.vision_model.", "vision_model."),
    ("model.connector.", "connector."),
    ("model.text_model.", "language_model."),
    ("language_model.model.", "language_model."),
    ("vision_model.", "vision_model."),
    ("connector.", "connector."),
    ("language_model.", "language_model."),
    ("lm_head.", "language_model.lm_head."),
    ("model.", "language_model."),
)
# Buffers that a module computes by itself; some exporters write them all the same.
_COMPUTED = re.compile(r"(rotary_emb\.inv_freq|position_ids)$")


@dataclass(frozen=True)
class TensorInfo:
    """A tensor as a file's header states it; `dtype` in safetensors' spelling ("BF16")."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    file: Path


def rename(name: str) -> str | None:
    """A file's tensor or module name as our modules call it; None for a buffer that a module computes by itself."""
    if _COMPUTED.search(name):
        return None
    for prefix, ours in _PREFIXES:
        if name.startswith(prefix):
            return ours + name.removeprefix(prefix)
    return name


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a checkpoint: those its index names, or the only one. Raises CheckpointError."""
    index = folder / INDEX_NAME
    if not index.exists():
        if (folder / SINGLE_NAME).exists():
            return [folder / SINGLE_NAME]
        raise CheckpointError(f"{folder} holds no {SINGLE_NAME} and no {INDEX_NAME}: there are no weights to load.")
    names = read_json(index).get("weight_map")
    if not isinstance(names, dict) or not names or not all(isinstance(name, str) for name in names.values()):
        raise CheckpointError(f"{index} has no usable 'weight_map'. Download or convert the checkpoint again.")
    files = sorted(set(names.values()))
    for name in files:
        if PurePosixPath(name).name != name or not name.endswith(".safetensors"):
            raise CheckpointError(f"{index} names {name!r}, which is no weight file of this folder.")
        if not (folder / name).exists():
            raise CheckpointError(f"{folder / name} is missing, {INDEX_NAME} names it. Download or convert it again.")
    return [folder / name for name in files]


def read_index(folder: Path) -> dict[str, TensorInfo]:
    """Every tensor of a checkpoint by the name in its file, from the headers alone.

    Raises CheckpointError for a file that is truncated, whose tensors overlap, or that repeats another's tensor.
    """
    tensors: dict[str, TensorInfo] = {}
    for file in weight_files(folder):
        for info in read_header(file):
            if info.name in tensors:
                raise CheckpointError(f"{file}: '{info.name}' stands in {tensors[info.name].file.name} already.")
            tensors[info.name] = info
    return tensors


def read_header(file: Path) -> list[TensorInfo]:
    """The tensors of one safetensors file. Raises CheckpointError where it is damaged."""
    try:
        with safe_open(file, framework="numpy") as reader:
            slices = {name: reader.get_slice(name) for name in reader.keys()}  # noqa: SIM118 (no mapping)
            return [TensorInfo(name, tuple(s.get_shape()), s.get_dtype(), file) for name, s in slices.items()]
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{file} is damaged ({error}). Download or convert it again.") from error


def read_weights(folder: Path, config: ModelConfig) -> dict[str, mx.array]:
    """Tensors by our modules' names, still lazy. A tied head that a file repeats is left out."""
    index = read_index(folder)
    _check_depth(index, config, folder)
    _check_dtypes(index)
    loaded: dict[Path, Any] = {file: mx.load(str(file)) for file in {info.file for info in index.values()}}
    weights: dict[str, mx.array] = {}
    for name, info in index.items():
        ours = rename(name)
        if ours is None or (config.text.tie_word_embeddings and ours.startswith("language_model.lm_head.")):
            continue
        if ours in weights:
            raise CheckpointError(f"{info.file}: '{name}' is a second tensor for {ours}.")
        weights[ours] = _channels_last(ours, loaded[info.file][name], info, config)
    return weights


def _check_depth(index: Iterable[str], config: ModelConfig, folder: Path) -> None:
    """Refuse a config.json that asks for more layers than the files hold, before that many are built."""
    asked = {"language_model.layers": config.text.num_hidden_layers}
    if config.vision is not None:
        asked["vision_model.encoder.layers"] = config.vision.num_hidden_layers
    names = [rename(name) or "" for name in index]
    for layers, count in asked.items():
        held = {name.removeprefix(f"{layers}.").split(".")[0] for name in names if name.startswith(f"{layers}.")}
        if count > len(held):
            raise CheckpointError(
                f"{folder} lacks {layers}.{len(held)} and more: config.json's 'num_hidden_layers' is {count}, the "
                f"weights have {len(held)} layers. Get the checkpoint again."
            )


def _check_dtypes(index: Mapping[str, TensorInfo]) -> None:
    """Refuse what MLX cannot read (float64), and what it would take for numbers that they are not (8-bit floats)."""
    for name, info in index.items():
        is_packed = info.dtype == "U32" and f"{name.removesuffix('.weight')}.scales" in index
        if rename(name) is not None and info.dtype not in ("F32", "F16", "BF16") and not is_packed:
            raise CheckpointError(
                f"{info.file}: '{name}' is of dtype {info.dtype}; weights are F32, F16, BF16 or packed in U32."
            )


def _channels_last(ours: str, weight: mx.array, info: TensorInfo, config: ModelConfig) -> mx.array:
    """The patch convolution in MLX's order [out, kH, kW, in]; torch has the channels second."""
    if ours != "vision_model.embeddings.patch_embedding.weight" or config.vision is None or weight.ndim != 4:
        return weight
    channels, patch = config.vision.num_channels, config.vision.patch_size
    return weight.transpose(0, 2, 3, 1) if info.shape[1:] == (channels, patch, patch) else weight


class _Shaped(Protocol):
    @property
    def shape(self) -> tuple[int, ...]: ...


def check_names_and_shapes(model: nn.Module, weights: Mapping[str, _Shaped], folder: Path | str) -> None:
    """Raises CheckpointError unless `weights` are the model's parameters, none missing and none more."""
    expected: dict[str, mx.array] = dict(tree_flatten(model.parameters()))
    if missing := sorted(expected.keys() - weights.keys()):
        raise CheckpointError(f"{folder} lacks {_some(missing)}: config.json asks for them. Get the checkpoint again.")
    if surplus := sorted(weights.keys() - expected.keys()):
        raise CheckpointError(f"{folder} holds {_some(surplus)}, for which config.json's model has no place.")
    for name, weight in weights.items():
        if weight.shape != expected[name].shape:
            raise CheckpointError(
                f"{folder}: {name} is {list(weight.shape)}, config.json's model needs {list(expected[name].shape)}."
            )


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{len(names)} tensor{'s'[: len(names) > 1]} ({', '.join(names[:3])}{rest})"
