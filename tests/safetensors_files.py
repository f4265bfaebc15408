"""Safetensors files written by hand: numpy has no bfloat16, and a test may want to write a broken one.

Format: https://huggingface.co/docs/safetensors
"""

import json
from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

DTYPE_NAMES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
ITEM_SIZES = {"F32": 4, "F16": 2, "BF16": 2, "U32": 4}
Shapes = dict[str, tuple[int, ...]]


def save_tensors(folder: Path, weights: dict[str, np.ndarray], *, shards: int = 1, dtype: str = "float32") -> None:
    """Write `weights` as model.safetensors, or as `shards` files of about one size with the hub's index."""
    stream_to_shards(folder, {name: array.shape for name, array in weights.items()}, weights.items(), shards, dtype)


def stream_to_shards(
    folder: Path, shapes: Shapes, arrays: Iterable[tuple[str, np.ndarray]], shards: int, dtype: str
) -> None:
    """The same for arrays that are made as they are written, in the order of `shapes`."""
    if shards == 1:
        stream_safetensors(folder / "model.safetensors", shapes, arrays, dtype)
        return
    source = iter(arrays)
    weight_map: dict[str, str] = {}
    for number, part in enumerate(_split(shapes, shards), start=1):
        file_name = f"model-{number:05}-of-{shards:05}.safetensors"
        stream_safetensors(folder / file_name, part, (next(source) for _ in part), dtype)
        weight_map |= dict.fromkeys(part, file_name)
    total = sum(prod(shape) for shape in shapes.values())
    index = {"metadata": {"total_size": total * ITEM_SIZES[DTYPE_NAMES[dtype]]}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")


def _split(shapes: Shapes, shards: int) -> list[Shapes]:
    total, done = sum(prod(shape) for shape in shapes.values()), 0
    parts: list[Shapes] = [{} for _ in range(shards)]
    for name, shape in shapes.items():
        parts[min(shards - 1, done * shards // total)][name] = shape
        done += prod(shape)
    return parts


def save_safetensors(path: Path, weights: dict[str, np.ndarray], dtype: str = "float32") -> None:
    """Write one safetensors file; floats become `dtype`, uint32 (packed weights) stays."""
    shapes = {name: array.shape for name, array in weights.items()}
    packed = frozenset(name for name, array in weights.items() if array.dtype == np.uint32)
    stream_safetensors(path, shapes, weights.items(), dtype, packed)


def stream_safetensors(
    path: Path,
    shapes: Shapes,
    arrays: Iterable[tuple[str, np.ndarray]],
    dtype: str,
    packed: frozenset[str] = frozenset(),
) -> None:
    """Write the header, then one array after the other; those in `packed` are uint32."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, shape in shapes.items():
        tag = "U32" if name in packed else DTYPE_NAMES[dtype]
        end = offset + prod(shape) * ITEM_SIZES[tag]
        header[name] = {"dtype": tag, "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, array in arrays:
            file.write(as_bytes(array, header[name]["dtype"]))


def as_bytes(array: np.ndarray, tag: str) -> bytes:
    """An array's bytes in the dtype `tag` (F32, F16, BF16 rounded to nearest even, U32)."""
    if tag == "BF16":
        bits = np.ascontiguousarray(array, dtype=np.float32).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()
    return np.ascontiguousarray(array, dtype={"F32": np.float32, "F16": np.float16, "U32": np.uint32}[tag]).tobytes()
