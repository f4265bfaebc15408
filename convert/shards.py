"""Safetensors files written tensor by tensor, so that memory holds one tensor and never a file.

The header comes first in the format and states every size, so all sizes are known before the first byte is computed.
Format: https://huggingface.co/docs/safetensors. Knows nothing of quantization: it takes names, shapes and arrays.
"""

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from math import prod
from pathlib import Path
from typing import BinaryIO

import mlx.core as mx
import numpy as np

from mlx_model.loading.weights import INDEX_NAME, SINGLE_NAME

MAX_SHARD_BYTES = 4_000_000_000
# Jobs under way while one is written: they are of very different sizes.
_AHEAD = 4
_STREAMS = 2  # on a CPU each packs on a core of its own
Arrays = tuple[mx.array, ...]
# Safetensors' names of dtypes, and what MLX calls them.
DTYPES = {"F32": mx.float32, "F16": mx.float16, "BF16": mx.bfloat16, "U32": mx.uint32}


@dataclass(frozen=True)
class TensorSpec:
    """A tensor as the header will state it."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * DTYPES[self.dtype].size


@dataclass(frozen=True)
class Job:
    """A parameter on its way: the tensors it becomes, and the function that reads it and makes them, in that order.

    It reads at once, and makes lazily on the stream that it is given.
    """

    outputs: tuple[TensorSpec, ...]
    make: Callable[[mx.Stream], Arrays]

    @property
    def nbytes(self) -> int:
        return sum(spec.nbytes for spec in self.outputs)


def write_shards(
    folder: Path,
    jobs: Sequence[Job],
    progress: Callable[[int, int], None],
    max_bytes: int = MAX_SHARD_BYTES,
    tag: str = "mlx",
) -> None:
    """Run all `jobs` and write what they make as one safetensors file, or as several and an index.

    `tag` is what the header says of the file's origin ("pt" for torch). `progress(done, total)` in bytes, after each
    job. Raises OSError where the disk is full.
    """
    shards = list(_split(jobs, max_bytes))
    total, done = sum(job.nbytes for job in jobs), 0
    weight_map: dict[str, str] = {}
    for number, shard in enumerate(shards, start=1):
        name = SINGLE_NAME if len(shards) == 1 else f"model-{number:05}-of-{len(shards):05}.safetensors"
        with (folder / name).open("wb") as file:
            _write_header(file, shard, tag)
            for job, arrays in _made_ahead(shard):
                _write_arrays(file, job, arrays)
                done += job.nbytes
                progress(done, total)
            file.flush()
            os.fsync(file.fileno())
        weight_map |= {spec.name: name for job in shard for spec in job.outputs}
    if len(shards) > 1:
        index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
        write_file(folder / INDEX_NAME, json.dumps(index, indent=2).encode())


def _split(jobs: Sequence[Job], max_bytes: int) -> Iterator[list[Job]]:
    shard: list[Job] = []
    for job in jobs:
        if shard and sum(other.nbytes for other in shard) + job.nbytes > max_bytes:
            yield shard
            shard = []
        shard.append(job)
    yield shard


def _write_header(file: BinaryIO, shard: list[Job], tag: str) -> None:
    header: dict[str, object] = {"__metadata__": {"format": tag}}
    offset = 0
    for spec in (spec for job in shard for spec in job.outputs):
        end = offset + spec.nbytes
        header[spec.name] = {"dtype": spec.dtype, "shape": list(spec.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)


def _made_ahead(jobs: Iterable[Job]) -> Iterator[tuple[Job, Arrays]]:
    """Each job with what it makes; the next ones are being made, each on one core, while one is read or written."""
    streams = cycle([mx.new_stream(mx.default_device()) for _ in range(_STREAMS)])
    waiting: deque[tuple[Job, Arrays]] = deque()
    for job in jobs:
        arrays = job.make(next(streams))
        mx.async_eval(*arrays)
        waiting.append((job, arrays))
        if len(waiting) > _AHEAD:
            yield waiting.popleft()
    yield from waiting


def _write_arrays(file: BinaryIO, job: Job, arrays: Arrays) -> None:
    for spec, array in zip(job.outputs, arrays, strict=True):
        assert array.shape == spec.shape and array.dtype == DTYPES[spec.dtype], f"{spec} is {array.shape} {array.dtype}"
        mx.eval(array)
        # Python's buffers know no bfloat16; the bytes are the same under any name.
        file.write(np.asarray(mx.contiguous(array).view(mx.uint8)).data)


def write_file(path: Path, content: bytes) -> None:
    """Write a file and sync it to disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
