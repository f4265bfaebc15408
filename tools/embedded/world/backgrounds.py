"""What lies behind the things: colours with names, plain, fading or on a surface; and pictures that show nothing."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from tools.embedded.world.textures import paint_surface

COLOURS: dict[str, tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "black": (15, 15, 15),
    "grey": (140, 140, 140),
    "red": (215, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (250, 220, 60),
    "green": (50, 160, 70),
    "blue": (45, 90, 210),
    "purple": (130, 60, 170),
    "pink": (250, 160, 200),
    "brown": (120, 75, 40),
    "light blue": (165, 215, 250),
    "light green": (175, 235, 165),
    "dark blue": (20, 30, 95),
    "dark green": (15, 75, 35),
}
ROUGHNESS = (0.1, 0.3)  # of a photo-like surface: its colour keeps its name
JITTER = 9  # a named colour is drawn within this distance of its value, channel by channel


@dataclass(frozen=True)
class Background:
    """One colour, or two that fade into each other; `rgb` are the colours as drawn.

    One colour may be a photo-like surface, drawn from the seed `surface`.
    """

    names: tuple[str, ...]
    rgb: tuple[tuple[int, int, int], ...]
    vertical: bool
    surface: int | None = None

    @property
    def phrase(self) -> str:
        if len(self.names) == 1:
            return f"a{'n' * (self.names[0][0] == 'o')} {self.names[0]} background"
        return f"a background fading from {self.names[0]} to {self.names[1]}"

    def hides(self, name: str) -> bool:
        """Whether a thing of this name has one of its colours: no red circle on red."""
        return name.split()[0] in self.names

    def paint(self, width: int, height: int) -> Image.Image:
        if self.surface is not None:
            rng = np.random.default_rng(self.surface)
            return paint_surface(rng, width, height, self.rgb[0], rng.uniform(*ROUGHNESS))
        if len(self.rgb) == 1:
            return Image.new("RGB", (width, height), self.rgb[0])
        first, last = (np.array(colour, dtype=np.float32) for colour in self.rgb)
        steps = np.linspace(0, 1, height if self.vertical else width, dtype=np.float32)[:, None]
        line = (first * (1 - steps) + last * steps + 0.5).astype(np.uint8)
        line = line[:, None] if self.vertical else line[None]
        return Image.fromarray(np.ascontiguousarray(np.broadcast_to(line, (height, width, 3))))


def sample_background(rng: np.random.Generator, fading: float = 0.2, rough: float = 0.0) -> Background:
    """A plain background; with probability `fading` one that goes from one colour to another; of the others a share of
    `rough` is a photo-like surface."""
    names = list(COLOURS)
    if rng.random() < fading:
        chosen = [names[i] for i in rng.choice(len(names), 2, replace=False)]
    elif rng.random() < 0.2:
        chosen = ["white"]
    else:
        chosen = [names[rng.integers(len(names))]]
    rgb, vertical = tuple(jittered(rng, name) for name in chosen), bool(rng.random() < 0.5)
    is_rough = rough > 0 and len(chosen) == 1 and rng.random() < rough
    return Background(tuple(chosen), rgb, vertical, int(rng.integers(2**31)) if is_rough else None)


def jittered(rng: np.random.Generator, name: str) -> tuple[int, int, int]:
    """The named colour as it is drawn this time; white stays white half the time, as pages are."""
    if name == "white" and rng.random() < 0.5:
        return (255, 255, 255)
    channels = np.array(COLOURS[name]) + rng.integers(-JITTER, JITTER + 1, 3)
    red, green, blue = (int(channel) for channel in channels.clip(0, 255))
    return (red, green, blue)


def paint_mush(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """A picture outside this world: noise, clouds, blobs and bands, in any mixture."""
    total = np.zeros((height, width, 3), dtype=np.float32)
    for _ in range(rng.integers(1, 4)):
        cells = int(2 ** rng.uniform(1.2, 6.5))
        coarse = rng.integers(0, 256, (cells, cells, 3 if rng.random() < 0.7 else 1), dtype=np.uint8)
        coarse = np.broadcast_to(coarse, (cells, cells, 3))
        smooth = Image.fromarray(np.ascontiguousarray(coarse)).resize((width, height), Image.Resampling.BICUBIC)
        total += np.asarray(smooth, dtype=np.float32) * rng.uniform(0.2, 1)
    total = total * (rng.uniform(0.35, 1) * 255 / max(1.0, float(total.max())))
    for _ in range(rng.integers(0, 7)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        rows, columns = np.ogrid[:height, :width]
        reach = rng.uniform(0.08, 0.5) * min(width, height)
        slope = rng.uniform(-1, 1)
        inside = (columns - x + slope * (rows - y)) ** 2 + (rows - y) ** 2 * rng.uniform(0.3, 3) < reach**2
        total[inside] = total[inside] * rng.uniform(0, 0.7) + rng.uniform(0, 160, 3)
    total += rng.normal(0, rng.uniform(0, 25), total.shape)
    mush = Image.fromarray(total.clip(0, 255).astype(np.uint8))
    return mush.filter(ImageFilter.GaussianBlur(1)) if rng.random() < 0.3 else mush
