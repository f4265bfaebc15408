"""The pictures and details for which pixels are held against the reference's: by tests/parity/pixels.json.

Pictures come from integer arithmetic alone, so that every machine draws the same ones and no picture is stored.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from mlx_model.config import ImageConfig
from mlx_model.media.images import Detail

HALF = (0.5, 0.5, 0.5)  # mean and deviation of every published SmolVLM


@dataclass(frozen=True)
class PixelCase:
    """A picture's size, a checkpoint's tile and long edge, a detail. Sizes in pixels."""

    width: int
    height: int
    tile: int
    longest_edge: int
    detail: Detail

    @property
    def config(self) -> ImageConfig:
        return ImageConfig(self.tile, self.longest_edge, HALF, HALF)

    @property
    def reference_edge(self) -> int:
        """The reference's `size.longest_edge` for this detail."""
        return self.detail * self.tile if isinstance(self.detail, int) else self.longest_edge


_SIZES: tuple[tuple[tuple[int, int, int, int], tuple[Detail, ...]], ...] = (
    ((640, 480, 512, 2048), ("high", "low", 1, 2, 3)),
    ((3024, 1964, 512, 2048), ("high", "low", 1)),
    ((2048, 1536, 512, 2048), ("high",)),  # neither resize changes anything
    ((512, 512, 512, 2048), (1,)),
    ((333, 517, 384, 1536), ("high", "low", 1, 5)),
    ((1241, 1754, 384, 1536), ("high", 2)),
    ((1, 1, 128, 512), ("high", "low", 1)),
    ((1, 20_000, 128, 512), ("high", "low", 1)),
    ((20_000, 1, 128, 512), ("high", "low", 1)),
    ((127, 129, 128, 512), ("high", "low", 1, 2, 7)),
    ((601, 199, 128, 512), ("high", 3, 31)),
    ((5000, 700, 128, 6144), ("high",)),  # above the reference's cap of 4096
    ((300, 2999, 100, 364), ("high", "low")),  # a long edge that is no multiple of the tile
)
CASES = tuple(PixelCase(*numbers, detail) for numbers, details in _SIZES for detail in details)


def draw(width: int, height: int) -> Image.Image:
    """A picture of smooth and sharp parts: RGB."""
    y, x = np.ogrid[:height, :width]
    red = (x * 5) ^ (y * 3)
    green = (x * x + y * 7) >> 4
    blue = (x // 32 + y // 32) % 2 * 200 + (x + y) % 56
    return Image.fromarray(np.stack(np.broadcast_arrays(red, green, blue), axis=-1).astype(np.uint8))


def sample_places(size: int) -> list[int]:
    """Flat indices into an array of `size` values, spread over all of it."""
    return [step * 2_654_435_761 % size for step in range(1, 6)]
