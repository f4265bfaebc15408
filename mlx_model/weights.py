"""A checkpoint's tensors by name and shape: what the files hold, and what our modules call it.

Reads three families of names: the hub's (`model.vision_model`, `model.text_model`, `model.connector`, `lm_head`), those
of mlx-community and of our own folders (`vision_model`, `language_model`, `connector`), and a text-only Llama's
(`model.layers`). Headers are checked by the `safetensors` library before MLX opens a file: MLX itself accepts
overlapping tensors and trailing bytes.
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from safetensors import SafetensorError, safe_open

from mlx_model.config import read_json
from mlx_model.errors import CheckpointError

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
        for info in _read_header(file):
            if info.name in tensors:
                raise CheckpointError(f"{file}: '{info.name}' stands in {tensors[info.name].file.name} already.")
            tensors[info.name] = info
    return tensors


def _read_header(file: Path) -> list[TensorInfo]:
    try:
        with safe_open(file, framework="numpy") as reader:
            slices = {name: reader.get_slice(name) for name in reader.keys()}  # noqa: SIM118 (no mapping)
            return [TensorInfo(name, tuple(s.get_shape()), s.get_dtype(), file) for name, s in slices.items()]
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{file} is damaged ({error}). Download or convert it again.") from error
