"""From a picture's tiles to the image tokens that the decoder reads, and a memory of them. Knows no prompts.

What identifies a picture is its pixels: the placeholder tokens in a prompt are the same for every picture.
"""

from collections import OrderedDict
from collections.abc import Generator, Iterator
from itertools import islice

import mlx.core as mx
import numpy as np
from PIL import Image

from mlx_model.answering.feature_files import FeatureFiles
from mlx_model.config import ImageConfig
from mlx_model.device.arithmetic import ON_METAL
from mlx_model.media.images import Plan, normalize, pixel_hash
from mlx_model.media.video import Clip
from mlx_model.smolvlm import SmolVLM

# Four tiles keep Metal busy; on a CPU the activations of one fill the processor's cache.
METAL_TILES_PER_BATCH = 4
TILES_PER_BATCH = METAL_TILES_PER_BATCH if ON_METAL else 1
MOST_FRAMES = 20_000  # of which it is remembered which tile they are; some 5 MB


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
    """Image tokens of what one model has seen; beyond `max_bytes` those unused for longest go from memory.

    With `files` they are kept on disk too, and come back from there.
    """

    def __init__(self, max_bytes: int, files: FeatureFiles | None = None) -> None:
        self.max_bytes = max_bytes
        self.nbytes = 0
        self._files = files
        self._features: OrderedDict[str, mx.array] = OrderedDict()
        self._frames: OrderedDict[tuple[object, int], str] = OrderedDict()

    def get(self, image: Image.Image, plan: Plan) -> mx.array | None:
        """What an RGB image became when it was cut like this: [tiles, tokens per tile, D], or None if not known."""
        return None if self._is_empty() else self.find(_picture_key(image, plan))

    def put(self, image: Image.Image, plan: Plan, features: mx.array) -> None:
        """Keep evaluated image tokens [tiles, tokens per tile, D] of an RGB image."""
        self.keep(_picture_key(image, plan), features)

    def get_frame(self, clip: Clip, index: int) -> mx.array | None:
        """What a clip's frame became, by its place in the file and so without decoding it: [1, tokens per tile, D]."""
        key = self._frames.get((clip.stamp, index)) if clip.stamp else None
        return None if key is None else self.find(key)

    def know_frame(self, clip: Clip, index: int, key: str) -> None:
        """Remember that this frame is the tile of this key."""
        if clip.stamp:
            self._frames[clip.stamp, index] = key
            if len(self._frames) > MOST_FRAMES:
                self._frames.popitem(last=False)

    def limit(self, max_bytes: int) -> None:
        """Keep no more than this in memory from now on."""
        self.max_bytes = max_bytes
        while self.nbytes > self.max_bytes:
            self.nbytes -= self._features.popitem(last=False)[1].nbytes

    def _is_empty(self) -> bool:
        """Whether nothing can be found: then no pixels need hashing."""
        return not self._features and self._files is None

    def find(self, key: str) -> mx.array | None:
        """The image tokens under a key, see `tile_hash`, or None."""
        if key in self._features:
            self._features.move_to_end(key)
            return self._features[key]
        features = self._files.get(key) if self._files else None
        if features is not None:
            self._remember(key, features)
        return features

    def keep(self, key: str, features: mx.array) -> None:
        """Keep evaluated image tokens [tiles, tokens per tile, D] under a key."""
        self._remember(key, features)
        if self._files:
            self._files.put(key, features)

    def _remember(self, key: str, features: mx.array) -> None:
        if (known := self._features.pop(key, None)) is not None:
            self.nbytes -= known.nbytes
        self._features[key] = features
        self.nbytes += features.nbytes
        self.limit(self.max_bytes)


def _picture_key(image: Image.Image, plan: Plan) -> str:
    return f"{pixel_hash(image)} {plan}"
