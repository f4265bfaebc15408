"""From a picture's tiles to the image tokens that the decoder reads. Knows no files and no prompts."""

from collections.abc import Iterator

import mlx.core as mx
import numpy as np

from mlx_model.arithmetic import ON_METAL
from mlx_model.config import ImageConfig
from mlx_model.images import normalize
from mlx_model.smolvlm import SmolVLM

# Four tiles keep Metal busy; on a CPU the activations of one fill the processor's cache.
METAL_TILES_PER_BATCH = 4
TILES_PER_BATCH = METAL_TILES_PER_BATCH if ON_METAL else 1


def stream_features(model: SmolVLM, tiles: np.ndarray, config: ImageConfig) -> Iterator[mx.array]:
    """uint8 tiles [T, H, W, 3] -> evaluated image tokens [t, tokens per tile, D], a bounded batch at a time."""
    for start in range(0, len(tiles), TILES_PER_BATCH):
        pixels = normalize(tiles[start : start + TILES_PER_BATCH], config)
        features = model.encode_tiles(mx.array(pixels))
        mx.eval(features)
        yield features
