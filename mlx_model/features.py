"""From a picture's tiles to the image tokens that the decoder reads. Knows no files and no prompts."""

from collections.abc import Generator, Iterator
from itertools import islice

import mlx.core as mx
import numpy as np

from mlx_model.arithmetic import ON_METAL
from mlx_model.config import ImageConfig
from mlx_model.images import normalize
from mlx_model.smolvlm import SmolVLM

# Four tiles keep Metal busy; on a CPU the activations of one fill the processor's cache.
TILES_PER_BATCH = 4 if ON_METAL else 1


def stream_features(model: SmolVLM, tiles: np.ndarray, config: ImageConfig) -> Iterator[mx.array]:
    """uint8 tiles [T, H, W, 3] -> evaluated image tokens [t, tokens per tile, D], a bounded batch at a time."""
    for start in range(0, len(tiles), TILES_PER_BATCH):
        pixels = normalize(tiles[start : start + TILES_PER_BATCH], config)
        features = model.encode_tiles(mx.array(pixels))
        mx.eval(features)
        yield features


def in_batches(tiles: Iterator[np.ndarray]) -> Generator[np.ndarray, None, None]:
    """uint8 tiles [H, W, 3] -> [t, H, W, 3], as many at a time as the encoder takes at once."""
    while batch := list(islice(tiles, TILES_PER_BATCH)):
        yield np.stack(batch)
