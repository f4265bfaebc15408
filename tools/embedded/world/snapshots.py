"""Pictures to decline out of real photographs: crops of whole ones, and single things cut out, before other grounds.

Reads the folder that `negatives.py` writes, once. Training alone shows them; evaluation's photographs are others.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from tools.embedded.world.photographs import natural_colour, paint_smooth

SMALLEST = 1 / 6  # of a photograph's side, in a crop
ALONE = 0.6  # share of pictures that are a crop and nothing else
GREY = 0.2  # share without colours
TRIES = 8  # for a picture that shows something: a plain sky is a plain background of the model's own world
STEP = 16  # in brightness, that one in thirty neighbours has to differ by, at 32 x 32 pixels


class Snapshots:
    """Whole photographs (.jpg) and stamps (.png with alpha) in memory."""

    def __init__(self, folder: Path) -> None:
        """FileNotFoundError names which kind `folder` lacks."""
        self._photographs = [read(path, "RGB") for path in sorted(folder.glob("*.jpg"))]
        self._stamps = [read(path, "RGBA") for path in sorted(folder.glob("*.png"))]
        for kind, found in (("photographs (*.jpg)", self._photographs), ("stamps (*.png)", self._stamps)):
            if not found:
                raise FileNotFoundError(f"no {kind} in {folder}: see tools/embedded/README.md")

    def paint(self, rng: np.random.Generator, width: int, height: int) -> Image.Image:
        """An RGB picture of that size: a crop, or one or two stamps on some ground."""
        for _ in range(TRIES):
            picture = self._compose(rng, width, height)
            if shows_something(picture):
                break
        return take(rng, picture)

    def _compose(self, rng: np.random.Generator, width: int, height: int) -> Image.Image:
        if rng.random() < ALONE:
            return self._crop(rng, width, height)
        picture = self._paint_ground(rng, width, height)
        for _ in range(rng.integers(1, 3)):
            self._paste_stamp(rng, picture)
        return picture

    def _crop(self, rng: np.random.Generator, width: int, height: int) -> Image.Image:
        """A part of the picture's aspect, from the largest that fits down to SMALLEST of it."""
        photograph = self._photographs[rng.integers(len(self._photographs))]
        most = min(photograph.width / width, photograph.height / height)
        scale = most * SMALLEST ** rng.random()
        wide, tall = scale * width, scale * height
        x, y = rng.uniform(0, photograph.width - wide), rng.uniform(0, photograph.height - tall)
        box = (x, y, min(x + wide, photograph.width), min(y + tall, photograph.height))
        return mirrored(rng, photograph.resize((width, height), Image.Resampling.BICUBIC, box))

    def _paint_ground(self, rng: np.random.Generator, width: int, height: int) -> Image.Image:
        kind = rng.random()
        if kind < 0.25:
            low, high = ((225, 256), (0, 30), (60, 200))[rng.integers(3)]
            return Image.new("RGB", (width, height), (int(rng.integers(low, high)),) * 3)
        if kind < 0.6:
            return paint_smooth(rng, width, height, natural_colour(rng), rng.uniform(0.05, 0.4))
        return self._crop(rng, width, height)

    def _paste_stamp(self, rng: np.random.Generator, picture: Image.Image) -> None:
        """Somewhere with its middle in the picture; a large one may reach beyond the edges."""
        stamp = mirrored(rng, self._stamps[rng.integers(len(self._stamps))])
        ratio = rng.uniform(0.45, 1.3) * min(picture.size) / max(stamp.size)
        size = (max(1, round(stamp.width * ratio)), max(1, round(stamp.height * ratio)))
        stamp = stamp.resize(size, Image.Resampling.BICUBIC)
        x, y = (round(rng.uniform(0.2, 0.8) * side - part / 2) for side, part in zip(picture.size, size, strict=True))
        picture.paste(stamp, (x, y), stamp)


def read(path: Path, mode: str) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert(mode)


def shows_something(picture: Image.Image) -> bool:
    small = np.asarray(picture.convert("L").resize((32, 32), Image.Resampling.BOX), dtype=np.int16)
    steps = np.concatenate([np.abs(np.diff(small, axis=axis)).ravel() for axis in (0, 1)])
    return bool(np.mean(steps >= STEP) > 1 / 30)


def mirrored(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else picture


def take(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    """As another camera would: without colours, out of focus, in other light, with noise, each at times."""
    if rng.random() < GREY:
        picture = picture.convert("L").convert("RGB")
    if rng.random() < 0.25:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    light, noise = rng.random() < 0.35, rng.random() < 0.3
    if not light and not noise:
        return picture
    pixels = np.asarray(picture, dtype=np.float32)
    if light:
        pixels = pixels * rng.uniform(0.6, 1.35) + rng.uniform(-20, 20)
    if noise:
        pixels = pixels + rng.normal(0, rng.uniform(1, 9), pixels.shape).astype(np.float32)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
