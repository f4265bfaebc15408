"""Safetensors files written by hand: numpy has no bfloat16, and a test may want to write a broken one.

Format: https://huggingface.co/docs/safetensors
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

DTYPE_NAMES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
ITEM_SIZES = {"F32": 4, "F16": 2, "BF16": 2, "U32": 4}


def save_tensors(folder: Path, weights: dict[str, np.ndarray], *, shards: int = 1, dtype: str = "float32") -> None:
    """Write `weights` as model.safetensors, or as `shards` files of about one size with the hub's index."""
    if shards == 1:
        save_safetensors(folder / "model.safetensors", weights, dtype)
        return
    total, done = sum(array.size for array in weights.values()), 0
    parts: list[dict[str, np.ndarray]] = [{} for _ in range(shards)]
    for name, array in weights.items():
        parts[min(shards - 1, done * shards // total)][name] = array
        done += array.size
    weight_map: dict[str, str] = {}
    for number, part in enumerate(parts, start=1):
        file_name = f"model-{number:05}-of-{shards:05}.safetensors"
        save_safetensors(folder / file_name, part, dtype)
        weight_map |= dict.fromkeys(part, file_name)
    index = {"metadata": {"total_size": total * ITEM_SIZES[DTYPE_NAMES[dtype]]}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")


def save_safetensors(path: Path, weights: dict[str, np.ndarray], dtype: str = "float32") -> None:
    """Write one safetensors file; floats become `dtype`, uint32 (packed weights) stays."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    blocks, offset = [], 0
    for name, array in weights.items():
        tag = "U32" if array.dtype == np.uint32 else DTYPE_NAMES[dtype]
        block = as_bytes(array, tag)
        header[name] = {"dtype": tag, "shape": list(array.shape), "data_offsets": [offset, offset + len(block)]}
        offset += len(block)
        blocks.append(block)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(blocks)


def as_bytes(array: np.ndarray, tag: str) -> bytes:
    """An array's bytes in the dtype `tag` (F32, F16, BF16 rounded to nearest even, U32)."""
    if tag == "BF16":
        bits = np.ascontiguousarray(array, dtype=np.float32).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()
    return np.ascontiguousarray(array, dtype={"F32": np.float32, "F16": np.float16, "U32": np.uint32}[tag]).tobytes()
