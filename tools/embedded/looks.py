"""How the things of one scene depart from their style's drawings: as if another hand had drawn them.

Two styles are few to learn from. A look turns and stretches sprites a little, lights them from one side, and shifts
their contrast and saturation; hues stay, for names tell a red heart from an orange one. Knows sprites, no scenes.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

VARIED = 0.6  # share of what training draws that has a look
TURN = 14  # degrees either way
STRETCH = 0.16  # of the width or the height, which shrinks
DEPTH = 0.35  # of the light, from the middle to the edge
SATURATION = (0.7, 1.3)
CONTRAST = (0.75, 1.2)
GREY = np.array((0.299, 0.587, 0.114), dtype=np.float32)


@dataclass(frozen=True)
class Look:
    """Degrees; factors on width and height; the light's direction and strength; factors on saturation and contrast."""

    turn: float
    stretch: tuple[float, float]
    light: tuple[float, float]
    saturation: float
    contrast: float
    mirrored: bool

    def apply(self, sprite: Image.Image, alpha: Image.Image) -> tuple[Image.Image, Image.Image]:
        """A sprite's colours and alpha so drawn, no larger than before."""
        whole = sprite.copy()
        whole.putalpha(alpha)
        if self.mirrored:
            whole = whole.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        width, height = (max(4, round(side * factor)) for side, factor in zip(whole.size, self.stretch, strict=True))
        whole = whole.resize((width, height), Image.Resampling.BILINEAR).rotate(self.turn, Image.Resampling.BICUBIC)
        pixels = np.asarray(whole, dtype=np.float32)
        colours = pixels[..., :3]
        grey = (colours @ GREY)[..., None]
        shifted = 128 + self.contrast * (grey + self.saturation * (colours - grey) - 128)
        across, down = np.linspace(-1, 1, width), np.linspace(-1, 1, height)[:, None]
        lit = shifted * (1 + self.light[0] * across + self.light[1] * down)[..., None]
        return Image.fromarray(lit.clip(0, 255).astype(np.uint8)), whole.getchannel("A")


def sample_look(rng: np.random.Generator, share: float) -> Look | None:
    """A look, or none at all but for a `share` of the calls."""
    if share == 0 or rng.random() >= share:
        return None
    narrow = 1 - rng.uniform(0, STRETCH)
    depth, angle = rng.uniform(0, DEPTH), rng.uniform(0, 2 * np.pi)
    return Look(
        turn=rng.uniform(-TURN, TURN),
        stretch=(narrow, 1.0) if rng.random() < 0.5 else (1.0, narrow),
        light=(depth * np.cos(angle), depth * np.sin(angle)),
        saturation=rng.uniform(*SATURATION),
        contrast=rng.uniform(*CONTRAST),
        mirrored=bool(rng.random() < 0.3),
    )
