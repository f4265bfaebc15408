"""How much memory a checkpoint takes, from its files' headers alone: its parts, its weights once loaded, an answer.

The device decides: Metal keeps weights as they are stored, a CPU makes float32 of all (see checkpoint.py). An estimate
beside them is what an answer adds, from the shapes of its largest arrays. Bytes throughout.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path

from mlx_model.answering.features import TILES_PER_BATCH
from mlx_model.answering.generate import PREFILL_STEP
from mlx_model.config import ModelConfig
from mlx_model.device.arithmetic import ON_METAL
from mlx_model.loading.quantized import packed_modules
from mlx_model.loading.weights import TensorInfo, read_index, rename
from mlx_model.measuring.counts import kv_cache_bytes

_BITS = {"F32": 32, "F16": 16, "BF16": 16, "U32": 32}
FLOAT32 = 4  # bytes


@dataclass(frozen=True)
class StoredPart:
    """A part of a model, how many weights it has, and the bytes that they take in the files."""

    part: str
    weights: int
    nbytes: int

    @property
    def bits_per_weight(self) -> float:
        return 8 * self.nbytes / self.weights


def stored_parts(folder: Path, config: ModelConfig, part_of: Callable[[str], str]) -> tuple[StoredPart, ...]:
    """A checkpoint by its parts; `part_of` names the part of a parameter. Raises CheckpointError."""
    index = {ours: info for name, info in read_index(folder).items() if (ours := rename(name)) is not None}
    packed = packed_modules(index, config, folder)
    weights: dict[str, int] = defaultdict(int)
    nbytes: dict[str, int] = defaultdict(int)
    for name, info in index.items():
        module, _, kind = name.rpartition(".")
        nbytes[part_of(name)] += prod(info.shape) * _bits(info) // 8
        if module in packed and kind == "weight":
            weights[part_of(name)] += prod(info.shape) * _bits(info) // packed[module].bits
        elif module not in packed or kind not in ("scales", "biases"):
            weights[part_of(name)] += prod(info.shape)
    return tuple(StoredPart(part, weights[part], nbytes[part]) for part in nbytes)


def loaded_bytes(parts: tuple[StoredPart, ...]) -> int:
    """What a checkpoint's weights take in memory on this device."""
    return sum(part.nbytes if ON_METAL else part.weights * FLOAT32 for part in parts)


def answer_bytes(config: ModelConfig, positions: int) -> int:
    """What an answer adds at its height: the KV cache of so many positions, and the larger of encoder and prefill."""
    itemsize = 2 if ON_METAL else FLOAT32
    text, vision = config.text, config.vision
    prefill = min(positions, PREFILL_STEP) * (4 * text.hidden_size + 3 * text.intermediate_size)
    encoder = 0
    if vision is not None:
        patches = TILES_PER_BATCH * vision.patches_per_side**2
        encoder = patches * (4 * vision.hidden_size + 3 * vision.intermediate_size)
    return kv_cache_bytes(text, positions, itemsize) + max(prefill, encoder) * itemsize


def _bits(info: TensorInfo) -> int:
    return _BITS.get(info.dtype, 32)
