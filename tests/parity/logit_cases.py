"""What logit parity is measured on: small checkpoints of every configuration, with one prompt and its pixels for each.

Weights, ids and pixels come from seeds by numpy alone, so only the reference's answers are stored. `digest` tells
whether this numpy still draws the same numbers.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.checkpoints import model_config, stream_tensors, write_checkpoint

FIXTURES = Path(__file__).parent / "fixtures" / "logits"
WORDS = 10
REAL_TILES = 3


@dataclass(frozen=True)
class Case:
    """A configuration, and whether its head is tied against what is published."""

    preset: str
    tied: bool | None = None

    @property
    def name(self) -> str:
        return self.preset if self.tied is None else f"{self.preset}-tied"

    @property
    def file(self) -> Path:
        return FIXTURES / f"{self.name}.npz"

    @property
    def config(self) -> dict[str, Any]:
        return model_config(self.preset, tied=self.tied)

    def write(self, folder: Path, **options: Any) -> Path:
        """The checkpoint's folder; `options` as in `write_checkpoint`."""
        return write_checkpoint(folder, self.preset, tied=self.tied, **options)


CASES = (
    *(Case(preset) for preset in ("256m", "500m", "2.2b", "256m-v1", "2.2b-v1", "smollm2")),
    Case("256m", tied=True),
)


def inputs(config: dict[str, Any], seed: int = 1) -> tuple[np.ndarray, np.ndarray | None]:
    """Ids [1, L] and normalised pixels [1, tiles, 3, H, W] (None for words alone): words between three tiles.

    The last tile is all zeros, which is how the reference pads a picture with fewer tiles than its neighbours.
    """
    rng = np.random.default_rng(seed)
    # Ids below the image token's are words and tags.
    words = iter(rng.integers(0, config.get("image_token_id", config.get("vocab_size")), (REAL_TILES + 1, WORDS)))
    if "vision_config" not in config:
        return np.concatenate(list(words))[None], None
    vision = config["vision_config"]
    tokens = (vision["image_size"] // vision["patch_size"] // config["scale_factor"]) ** 2
    ids = list(next(words))
    for _ in range(REAL_TILES):
        ids += [config["image_token_id"]] * tokens + list(next(words))
    tile = vision["image_size"]
    colours = rng.integers(0, 256, (1, REAL_TILES, 3, tile, tile)).astype(np.float32)
    pixels = (colours / np.float32(255) - np.float32(0.5)) / np.float32(0.5)
    return np.array([ids]), np.concatenate([pixels, np.zeros_like(pixels[:, :1])], axis=1)


def digest(config: dict[str, Any]) -> str:
    """SHA-256 over the names, weights, ids and pixels of a case."""
    result = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for name, array in _drawn(config):
        result.update(name.encode() + array.tobytes())
    return result.hexdigest()


def _drawn(config: dict[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    yield from stream_tensors(config)
    ids, pixels = inputs(config)
    yield "ids", ids.astype(np.int64)
    if pixels is not None:
        yield "pixels", pixels


def sample(stage: np.ndarray) -> np.ndarray:
    """About two thousand values spread over a stage's output, any shape; never the same column twice in a row."""
    values = stage.reshape(-1)
    return values[:: max(1, len(values) // 2000) | 1]


def columns(vocabulary: int) -> np.ndarray:
    """The columns of the logits that are stored; the log-sum-exp speaks for the others."""
    return np.sort(np.random.default_rng(2).permutation(vocabulary)[:40])
