"""From a picture's tiles to the image tokens that the decoder reads, and a memory of them. Knows no files, no prompts.

What identifies a picture is its pixels: the placeholder tokens in a prompt are the same for every picture.
"""

from collections import OrderedDict
from collections.abc import Generator, Iterator
from itertools import islice

import mlx.core as mx
import numpy as np
from PIL import Image

from mlx_model.arithmetic import ON_METAL
from mlx_model.config import ImageConfig
from mlx_model.images import Plan, normalize, pixel_hash
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


def in_batches(tiles: Iterator[np.ndarray]) -> Generator[np.ndarray, None, None]:
    """uint8 tiles [H, W, 3] -> [t, H, W, 3], as many at a time as the encoder takes at once."""
    while batch := list(islice(tiles, TILES_PER_BATCH)):
        yield np.stack(batch)


class FeatureCache:
    """Image tokens of the pictures that one model has seen; beyond `max_bytes` those unused for longest go."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._features: OrderedDict[tuple[str, Plan], mx.array] = OrderedDict()

    def get(self, image: Image.Image, plan: Plan) -> mx.array | None:
        """What an RGB image became when it was cut like this: [tiles, tokens per tile, D], or None if not known."""
        if not self._features:
            return None
        key = (pixel_hash(image), plan)
        if key in self._features:
            self._features.move_to_end(key)
        return self._features.get(key)

    def put(self, image: Image.Image, plan: Plan, features: mx.array) -> None:
        """Keep evaluated image tokens [tiles, tokens per tile, D] of an RGB image."""
        self._features[pixel_hash(image), plan] = features
        while self.nbytes > self.max_bytes:
            self._features.popitem(last=False)

    @property
    def nbytes(self) -> int:
        return sum(features.nbytes for features in self._features.values())
