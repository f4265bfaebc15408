"""Photo-like surfaces from noise: what a camera sees close up. Knows colours and noise, no scenes."""

from collections.abc import Callable

import numpy as np
from PIL import Image

Field = np.ndarray  # [height, width] float32, about 0 to 1


def clouds(rng: np.random.Generator, width: int, height: int, coarse: float = 3, octaves: int = 5) -> Field:
    """Noise with as much strength at every scale as natural pictures have: half as much at twice the frequency."""
    total = np.zeros((height, width), dtype=np.float32)
    for octave in range(octaves):
        cells = int(coarse * 2**octave)
        noise = Image.fromarray(rng.integers(0, 256, (cells, cells), dtype=np.uint8))
        total += np.asarray(noise.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32) / 2**octave
    total -= total.min()
    return total / max(1.0, float(total.max()))


def stripes(rng: np.random.Generator, width: int, height: int) -> Field:
    """Wood: waves along one direction, bent by slow noise."""
    rows, columns = np.mgrid[:height, :width] / min(width, height)
    along = columns * np.cos(angle := rng.uniform(0, np.pi)) + rows * np.sin(angle)
    bend = clouds(rng, width, height, 2, 3)
    return (0.5 + 0.4 * np.sin(rng.uniform(20, 70) * (along + 0.3 * bend))).astype(np.float32)


def bricks(rng: np.random.Generator, width: int, height: int) -> Field:
    """Rows of bricks, every second one shifted, each of its own shade."""
    tall = max(4, int(rng.uniform(0.08, 0.2) * height))
    wide, joint = int(tall * rng.uniform(1.6, 2.6)), max(1, tall // 8)
    rows, columns = np.mgrid[:height, :width]
    row = rows // tall
    column = (columns + row % 2 * wide // 2) // wide
    shade = rng.uniform(0.45, 0.9, (row.max() + 1, column.max() + 1))[row, column]
    gap = (rows % tall < joint) | ((columns + row % 2 * wide // 2) % wide < joint)
    return np.where(gap, 0.2, shade).astype(np.float32)


def grain(rng: np.random.Generator, width: int, height: int) -> Field:
    """Grass, gravel, cloth: fine noise smeared in one direction."""
    fine = Image.fromarray(rng.integers(0, 256, (height, width), dtype=np.uint8))
    smear = (1, int(rng.integers(1, 9)))[:: rng.choice([-1, 1])]
    small = fine.resize((max(8, width // smear[0]), max(8, height // smear[1])), Image.Resampling.BOX)
    field = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)
    return ((field - field.min()) / max(1.0, float(np.ptp(field)))).astype(np.float32)


SURFACES: tuple[Callable[[np.random.Generator, int, int], Field], ...] = (clouds, stripes, bricks, grain)


def paint_surface(
    rng: np.random.Generator, width: int, height: int, rgb: tuple[int, int, int], depth: float = 0.35
) -> Image.Image:
    """One surface tinted so that its mean stays near `rgb`; `depth` is how far it departs from it."""
    field = SURFACES[rng.integers(len(SURFACES))](rng, width, height)
    relief = (field - field.mean())[..., None] * depth * 255
    return Image.fromarray((np.array(rgb, dtype=np.float32) + relief).clip(0, 255).astype(np.uint8))
