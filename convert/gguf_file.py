"""A GGUF file's metadata and tensors, read with every length checked against the file's size.

Written for files from strangers, whose damage becomes a sentence (docs/decisions/0006-a-gguf-reader-of-our-own.md).
Knows the container alone: neither what a key means nor how blocks are packed. Format:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import mmap
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from mlx_model.errors import CheckpointError, RefusedError

DEFAULT_ALIGNMENT = 32
# Value types by their number: struct's letter; 8 is a string, 9 an array.
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
# Tensor types by their number: name, weights in a block, bytes of a block.
BLOCKS = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    8: ("Q8_0", 32, 34),
    30: ("BF16", 1, 2),
}
_OTHER_TYPES = {6: "Q5_0", 7: "Q5_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K"}


@dataclass(frozen=True)
class GGUFTensor:
    """`shape` in numpy's order, rows first (the file has it reversed); `start` counts from the file's first byte."""

    name: str
    shape: tuple[int, ...]
    type: str
    start: int
    nbytes: int


@dataclass(frozen=True)
class GGUFFile:
    path: Path
    metadata: dict[str, Any]
    tensors: dict[str, GGUFTensor]

    @property
    def nbytes(self) -> int:
        """Of all tensors."""
        return sum(tensor.nbytes for tensor in self.tensors.values())

    def read(self, tensor: GGUFTensor) -> np.ndarray:
        """The bytes of a tensor, uint8 [nbytes]."""
        data = np.fromfile(self.path, np.uint8, count=tensor.nbytes, offset=tensor.start)
        if data.size != tensor.nbytes:
            raise CheckpointError(f"{self.path} ended while '{tensor.name}' was read. Get the file again.")
        return data

    def number(self, key: str) -> int:
        """A positive whole number of the metadata. Raises CheckpointError for anything else."""
        value = self.metadata.get(key)
        if not isinstance(value, int) or not 0 < value < 2**31:
            raise CheckpointError(f"{self.path}: '{key}' is {value!r}, expected a positive number.")
        return value

    def decimal(self, key: str) -> float:
        """A positive float32 as the shortest decimal that means it: 1e-05, not 9.999999747378752e-06."""
        value = self.metadata.get(key)
        if not isinstance(value, float) or not 0 < value < math.inf:
            raise CheckpointError(f"{self.path}: '{key}' is {value!r}, expected a positive number.")
        return float(str(np.float32(value)))


def read_gguf(path: Path) -> GGUFFile:
    """Read and check a file's header. Raises CheckpointError where it is damaged, RefusedError for what it may hold."""
    if not path.is_file():
        raise CheckpointError(f"{path} is no regular file, so it is no GGUF file.")
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _read_header(path, _Cursor(path, content))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} could not be read as GGUF ({error}). Get the file again.") from error


def _read_header(path: Path, cursor: "_Cursor") -> GGUFFile:
    if cursor.take(4) != b"GGUF":
        raise CheckpointError(f"{path} is no GGUF file: it does not begin with 'GGUF'.")
    if (version := cursor.scalar("I")) not in (2, 3):
        raise RefusedError(f"{path} is GGUF version {version}; versions 2 and 3, little-endian, are read.")
    tensor_count, key_count = cursor.scalar("Q"), cursor.scalar("Q")
    metadata: dict[str, Any] = {}
    for _ in range(key_count):
        key = cursor.string()
        if key in metadata:
            raise CheckpointError(f"{path} states '{key}' twice. Get the file again.")
        metadata[key] = cursor.value(cursor.scalar("I"))
    infos = [_read_tensor_info(cursor) for _ in range(tensor_count)]
    alignment = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment <= 0:
        raise CheckpointError(f"{path}: 'general.alignment' is {alignment!r}. Get the file again.")
    data_start = -(-cursor.position // alignment) * alignment
    tensors = [_placed(path, *info, data_start=data_start) for info in infos]
    _check_places(path, tensors, len(cursor.content))
    return GGUFFile(path, metadata, {tensor.name: tensor for tensor in tensors})


def _read_tensor_info(cursor: "_Cursor") -> tuple[str, tuple[int, ...], int, int]:
    name = cursor.string()
    axes = cursor.scalar("I")
    if not 1 <= axes <= 4:
        raise CheckpointError(f"{cursor.path}: '{name}' has {axes} axes. Get the file again.")
    shape = tuple(cursor.scalar("Q") for _ in range(axes))[::-1]
    if 0 in shape:
        raise CheckpointError(f"{cursor.path}: '{name}' is empty, of the shape {list(shape)}. Get the file again.")
    return name, shape, cursor.scalar("I"), cursor.scalar("Q")


def _placed(path: Path, name: str, shape: tuple[int, ...], kind: int, offset: int, *, data_start: int) -> GGUFTensor:
    if kind not in BLOCKS:
        readable = ", ".join(block[0] for block in BLOCKS.values())
        raise RefusedError(
            f"{path}: '{name}' is packed as {_OTHER_TYPES.get(kind, f'type {kind}')}, and {readable} are read. "
            "Take the same model's Q8_0 file."
        )
    type_name, block_size, block_bytes = BLOCKS[kind]
    if shape[-1] % block_size:
        raise CheckpointError(f"{path}: rows of '{name}' are {shape[-1]} wide, no multiple of {block_size}.")
    return GGUFTensor(name, shape, type_name, data_start + offset, prod(shape) // block_size * block_bytes)


def _check_places(path: Path, tensors: list[GGUFTensor], size: int) -> None:
    """Every tensor inside the file, none over another, no name twice."""
    end, names = 0, set()
    for tensor in sorted(tensors, key=lambda tensor: tensor.start):
        if tensor.start < end:
            raise CheckpointError(f"{path}: '{tensor.name}' overlaps another tensor. Get the file again.")
        end = tensor.start + tensor.nbytes
        if end > size:
            raise CheckpointError(f"{path} is cut short: '{tensor.name}' ends at byte {end}, the file at {size}.")
        if tensor.name in names:
            raise CheckpointError(f"{path} holds '{tensor.name}' twice. Get the file again.")
        names.add(tensor.name)


class _Cursor:
    """A place in the file that moves on as values are taken, never past the end."""

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self.path, self.content, self.position = path, content, 0

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.content):
            raise CheckpointError(f"{self.path} is cut short: byte {end} is wanted of {len(self.content)}.")
        taken = self.content[self.position : end]
        self.position = end
        return taken

    def scalar(self, letter: str) -> Any:
        return struct.unpack(f"<{letter}", self.take(struct.calcsize(f"<{letter}")))[0]

    def string(self) -> str:
        return self.take(self.scalar("Q")).decode("utf-8")

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            return self._array(self.scalar("I"), self.scalar("Q"))
        if kind not in _SCALARS:
            raise CheckpointError(f"{self.path}: a value of the unknown type {kind}. Get the file again.")
        return self.scalar(_SCALARS[kind])

    def _array(self, kind: int, count: int) -> list[Any]:
        if kind == _STRING:
            return [self.string() for _ in range(count)]
        if kind not in _SCALARS:
            raise CheckpointError(f"{self.path}: an array of the type {kind}, which is not read.")
        return np.frombuffer(self.take(count * struct.calcsize(f"<{_SCALARS[kind]}")), f"<{_SCALARS[kind]}").tolist()
