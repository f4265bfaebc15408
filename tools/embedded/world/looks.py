"""How the things of one scene depart from their style's drawings: as if another hand had drawn them.

Eight styles are few to learn from. A look turns, stretches and bends sprites a little, lights them from one side,
rounds their edges and makes them shine, and shifts their contrast, saturation and, from top to bottom, colours. Every
second one gives another hue to what comes in any, as a car does; else it stays, for names tell a red heart from an
orange one. Knows sprites, no scenes.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from tools.embedded.world.sprites import ANY_COLOUR

VARIED = 0.7  # share of what training draws that has a look
TURN = 14  # degrees either way
STRETCH = 0.16  # of the width or the height, which shrinks
BEND = 0.09  # of a side, by which the middle and the middles of the edges move
DEPTH = 0.35  # of the light, from the middle to the edge
RELIEF = (0.3, 1.0)  # brighter or darker where the edge is steepest; every second look has one
ROUND = (0.06, 0.2)  # how wide an edge is, of the longer side
TINT = 0.15  # of a channel, from the middle to the top and the bottom
SHINE = (0.0, 0.7)  # of a highlight; every second look has one
SPOT = 0.12  # its square of a radius, of half a side
SATURATION = (0.7, 1.3)
CONTRAST = (0.75, 1.2)
HUED = 0.5  # share of looks that have another hue
GREY = np.array((0.299, 0.587, 0.114), dtype=np.float32)


@dataclass(frozen=True)
class Look:
    """Degrees; factors on width and height; the light's direction and strength; factors on saturation and contrast.

    hue: degrees by which that of things in ANY_COLOUR turns about grey.
    bend: by which parts of the sides the middle moves in x and y, the middles of top and bottom in x, of left and right
    in y. relief: the light's direction and strength on edges as rounded as if the thing were puffed up, and how far
    these reach inwards. tint: channel by channel. shine: where, from -1 to 1 in x and y, and how strong.
    """

    turn: float
    stretch: tuple[float, float]
    bend: tuple[float, float, float, float, float, float]
    light: tuple[float, float]
    relief: tuple[float, float, float]
    tint: tuple[float, float, float]
    shine: tuple[float, float, float]
    saturation: float
    contrast: float
    hue: float
    mirrored: bool

    def apply(self, name: str, sprite: Image.Image, alpha: Image.Image) -> tuple[Image.Image, Image.Image]:
        """The colours and alpha of a thing's sprite so drawn, no larger than before."""
        whole = sprite.copy()
        whole.putalpha(alpha)
        if self.mirrored:
            whole = whole.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        width, height = (max(4, round(side * factor)) for side, factor in zip(whole.size, self.stretch, strict=True))
        whole = whole.resize((width, height), Image.Resampling.BILINEAR).rotate(self.turn, Image.Resampling.BICUBIC)
        whole = self._bent(whole)
        pixels = np.asarray(whole, dtype=np.float32)
        colours = pixels[..., :3]
        if name in ANY_COLOUR:
            colours = colours @ turned(self.hue)
        grey = (colours @ GREY)[..., None]
        shifted = 128 + self.contrast * (grey + self.saturation * (colours - grey) - 128)
        across, down = np.linspace(-1, 1, width), np.linspace(-1, 1, height)[:, None]
        lit = shifted * (1 + (self.light[0] * across + self.light[1] * down)[..., None] + down[..., None] * self.tint)
        lit *= self._relieved(whole.getchannel("A"))[..., None]
        x, y, strength = self.shine
        spot = strength * np.exp(-((across - x) ** 2 + (down - y) ** 2) / SPOT)[..., None]
        lit += spot * (255 - lit)
        return Image.fromarray(lit.clip(0, 255).astype(np.uint8)), whole.getchannel("A")

    def _relieved(self, alpha: Image.Image) -> np.ndarray:
        """Factors [H, W]: of a thing that is thick where its alpha is, the side to the light brighter."""
        right, below, reach = self.relief
        if reach == 0:
            return np.ones(alpha.size[::-1], dtype=np.float32)
        longest = max(alpha.size)
        width, height = (max(2, round(side / longest / reach)) for side in alpha.size)
        thick = alpha.convert("F").resize((width, height), Image.Resampling.BOX)
        thick = thick.resize(alpha.size, Image.Resampling.BICUBIC)
        slope = reach * longest / 255  # from none to all within its reach: one
        down, across = np.gradient(np.asarray(thick, dtype=np.float32) * slope)
        return np.clip(1 - right * across - below * down, 0.4, 1.6)

    def _bent(self, sprite: Image.Image) -> Image.Image:
        """Four quarters, each drawn from a quadrangle of the sprite."""
        width, height = sprite.size
        x, y, top, bottom, left, right = self.bend
        half_x, half_y = width // 2, height // 2
        columns, rows = (0, half_x, width), (0, half_y, height)
        points = [[(float(column), float(row)) for column in columns] for row in rows]
        points[0][1], points[2][1] = (half_x + top * width, 0.0), (half_x + bottom * width, float(height))
        points[1][0], points[1][2] = (0.0, half_y + left * height), (float(width), half_y + right * height)
        points[1][1] = (half_x + x * width, half_y + y * height)
        mesh = [
            (
                (columns[i], rows[j], columns[i + 1], rows[j + 1]),
                (*points[j][i], *points[j + 1][i], *points[j + 1][i + 1], *points[j][i + 1]),
            )
            for j in range(2)
            for i in range(2)
        ]
        return sprite.transform(sprite.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def turned(degrees: float) -> np.ndarray:
    """[3, 3] to multiply colours [..., 3] by: turns them about the line of greys, which stay as they are."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees)) / np.sqrt(3)
    across = np.array(((0, sine, -sine), (-sine, 0, sine), (sine, -sine, 0)))
    return (cosine * np.eye(3) + (1 - cosine) / 3 + across).astype(np.float32)


def sample_look(rng: np.random.Generator, share: float) -> Look | None:
    """A look, or none at all but for a `share` of the calls."""
    if share == 0 or rng.random() >= share:
        return None
    narrow = 1 - rng.uniform(0, STRETCH)
    depth, angle = rng.uniform(0, DEPTH), rng.uniform(0, 2 * np.pi)
    relief, reach = (rng.uniform(*RELIEF), rng.uniform(*ROUND)) if rng.random() < 0.5 else (0.0, 0.0)
    shine = rng.uniform(*SHINE) if rng.random() < 0.5 else 0.0
    bend, tint = rng.uniform(-BEND, BEND, 6), rng.uniform(-TINT, TINT, 3)
    return Look(
        turn=rng.uniform(-TURN, TURN),
        stretch=(narrow, 1.0) if rng.random() < 0.5 else (1.0, narrow),
        bend=(bend[0], bend[1], bend[2], bend[3], bend[4], bend[5]),
        light=(depth * np.cos(angle), depth * np.sin(angle)),
        relief=(relief * np.cos(angle), relief * np.sin(angle), reach),
        tint=(tint[0], tint[1], tint[2]),
        shine=(rng.uniform(-0.5, 0.5), rng.uniform(-0.7, 0.1), shine),
        saturation=rng.uniform(*SATURATION),
        contrast=rng.uniform(*CONTRAST),
        hue=rng.uniform(0, 360) if rng.random() < HUED else 0.0,
        mirrored=bool(rng.random() < 0.3),
    )
