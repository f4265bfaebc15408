"""A scene is the exact truth about one picture: what stands where, how large, in which style, before which background.

`sample_scene` invents one, `draw` paints it. Places are the nine fields of a 3 x 3 grid. Knows nothing of questions,
labels, tokens or tensors.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from tools.embedded.world.backgrounds import COLOURS, Background, jittered, paint_mush, sample_background
from tools.embedded.world.looks import Look, sample_look
from tools.embedded.world.photographs import paint_photograph
from tools.embedded.world.snapshots import Snapshots
from tools.embedded.world.sprites import NAMES, STYLES, Sprites
from tools.embedded.world.words import Line, load_font, sample_word, set_line

PLACES = (
    ("in the top left corner", "at the top", "in the top right corner"),
    ("at the left", "in the middle", "at the right"),
    ("in the bottom left corner", "at the bottom", "in the bottom right corner"),
)
SCALES = ("small", "", "large")  # what is said of a lone thing's size


@dataclass(frozen=True)
class Thing:
    """One sprite; x, y, size in pixels of the picture (upper left corner of a square, sprite centred in it)."""

    name: str
    style: str
    x: int
    y: int
    size: int
    cell: tuple[int, int]
    scale: str = ""  # one of SCALES; nothing when the size is not worth a word

    @property
    def place(self) -> str:
        return PLACES[self.cell[0]][self.cell[1]]


SetLine = tuple[Line, tuple[float, float]]  # a line and its upper left corner in the picture


@dataclass(frozen=True)
class Text:
    """One or two lines in one colour; `corners` are the lines' upper left corners."""

    lines: tuple[Line, ...]
    corners: tuple[tuple[float, float], ...]
    colour: str
    rgb: tuple[int, int, int]
    row: int

    @property
    def set_lines(self) -> tuple[SetLine, ...]:
        return tuple(zip(self.lines, self.corners, strict=True))

    @property
    def words(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def place(self) -> str:
        return PLACES[self.row][1]


@dataclass(frozen=True)
class Scene:
    """Everything that is in a picture. kind: blank, mush, group (one kind of thing, counted) or things.

    `look` is how all its things depart from their style's own drawings.
    """

    width: int
    height: int
    kind: str
    background: Background
    things: tuple[Thing, ...] = ()
    text: Text | None = None
    mush_seed: int = 0
    look: Look | None = None

    @property
    def set_lines(self) -> tuple[SetLine, ...]:
        return self.text.set_lines if self.text else ()

    @property
    def ink(self) -> str | None:
        return self.text.colour if self.text else None


@dataclass(frozen=True)
class Knobs:
    """What a curriculum turns: how fine things may get, which words may appear."""

    small: float = 1.0  # factor on the sizes of things and letters; below 1 only tiles show them well
    letter: float = 0.11  # least letter height, as a part of the picture's short side
    longest: int = 8  # most characters in a word
    text: float = 0.45  # share of scenes that hold text
    unseen: bool = False  # words kept from training
    second: float = 0.2  # share of texts that have a second line
    group: float = 0.22  # share of scenes with several of one thing
    unknown: float = 0.05  # share of pictures from outside this world
    rough: float = 0.0  # share of plain backgrounds that are a photo-like surface
    jumbled: float = 0.0  # share of words that are digits or letters in no order
    varied: float = 0.0  # share of scenes whose things are drawn with a look of their own


@dataclass(frozen=True)
class World:
    """The raw material: sprites and fonts; photographs to be declined, in training alone."""

    sprites: Sprites
    fonts: tuple[str, ...]
    styles: tuple[str, ...] = STYLES
    snapshots: Snapshots | None = None

    def sample_scene(self, rng: np.random.Generator, width: int, height: int, knobs: Knobs) -> Scene:
        """Invents a scene for a picture of width x height pixels."""
        chance = rng.random()
        background = sample_background(rng, rough=knobs.rough)
        if chance < 0.03:
            return Scene(width, height, "blank", background)
        if chance < 0.03 + knobs.unknown:
            return Scene(width, height, "mush", background, mush_seed=int(rng.integers(2**31)))
        text = self._sample_text(rng, width, height, background, knobs) if rng.random() < knobs.text else None
        if text is not None and rng.random() < 0.4:
            return Scene(width, height, "things", background, text=text)
        free = [(row, column) for row in range(3) for column in range(3) if text is None or row != text.row]
        kind = "group" if rng.random() < knobs.group else "things"
        names = [name for name in NAMES if not background.hides(name)]
        if kind == "group":
            things = sample_group(rng, names, width, height, free, knobs, self.styles)
        else:
            things = sample_things(rng, names, width, height, free, text is not None, knobs, self.styles)
        return Scene(width, height, kind, background, things, text, look=sample_look(rng, knobs.varied))

    def _sample_text(
        self, rng: np.random.Generator, width: int, height: int, background: Background, knobs: Knobs
    ) -> Text:
        """One or two lines in one of the three rows, as large as a random part of what fits, never below the least."""
        words = [sample_word(rng, knobs.longest, knobs.unseen, knobs.jumbled)]
        if rng.random() < knobs.second:
            words.append(sample_word(rng, knobs.longest, knobs.unseen, knobs.jumbled))
        font = self.fonts[rng.integers(len(self.fonts))]
        least = max(6.0, knobs.letter * min(width, height) * knobs.small)
        probe = [set_line(word, font, 40) for word in words]
        widest = max(line.width for line in probe) / 40
        tallest = max(line.height for line in probe) / 40
        room = 0.3 * height / (1 if len(words) == 1 else 2.3)
        most = max(least, min(0.94 * width / widest, room / tallest * (1.4 if len(words) == 1 else 1)))
        size = round(min(least / tallest + rng.random() * max(0.0, most - least / tallest), 0.96 * width / widest))
        lines = tuple(set_line(word, font, max(7, size)) for word in words)
        row = int(rng.integers(3))
        gap = 0.4 * lines[0].height
        block = sum(line.height for line in lines) + gap * (len(lines) - 1)
        y = np.clip((row + rng.uniform(0.3, 0.7)) / 3 * height - block / 2, 1, max(1, height - block - 1))
        corners = []
        for line in lines:
            slack = max(0.0, width - line.width - 2)
            corners.append((1 + slack * rng.uniform(0, 1), float(y)))
            y += line.height + gap
        colour = contrasting(rng, background)
        return Text(lines, tuple(corners), colour, jittered(rng, colour), row)

    def draw(self, scene: Scene) -> Image.Image:
        """The picture of a scene, RGB, width x height as it says."""
        if scene.kind == "mush":
            rng = np.random.default_rng(scene.mush_seed)
            if self.snapshots is not None and scene.mush_seed % 5 < 3:
                return self.snapshots.paint(rng, scene.width, scene.height)
            paint = paint_photograph if scene.mush_seed % 2 else paint_mush
            return paint(rng, scene.width, scene.height)
        picture = scene.background.paint(scene.width, scene.height)
        for thing in scene.things:
            sprite, alpha = self.sprites.scaled(thing.name, thing.style, thing.size)
            if scene.look is not None:
                sprite, alpha = scene.look.apply(thing.name, sprite, alpha)
            corner = (thing.x + (thing.size - sprite.width) // 2, thing.y + (thing.size - sprite.height) // 2)
            picture.paste(sprite, corner, alpha)
        if scene.text is not None:
            pen = ImageDraw.Draw(picture)
            for line, (x, y) in scene.text.set_lines:
                pen.text((x - line.left, y - line.top), line.text, scene.text.rgb, load_font(line.font, line.size))
        return picture


def sample_portrait(rng: np.random.Generator, name: str, style: str, side: int) -> Scene:
    """A square scene of one given thing and nothing else."""
    background = sample_background(rng)
    while background.hides(name):
        background = sample_background(rng)
    cell = (int(rng.integers(3)), int(rng.integers(3)))
    scale = SCALES[rng.integers(3)]
    return Scene(side, side, "things", background, (place_alone(rng, name, style, scale, side, cell, side, side),))


def contrasting(rng: np.random.Generator, background: Background) -> str:
    """The name of a colour that stands out from the background; black and white come most often."""
    ground = [brightness(COLOURS[name]) for name in background.names]
    names = [name for name in COLOURS if all(abs(brightness(COLOURS[name]) - light) > 85 for light in ground)]
    if not names:
        return "black" if sum(ground) / len(ground) > 128 else "white"
    plain = [name for name in ("black", "white") if name in names]
    if plain and rng.random() < 0.5:
        return plain[rng.integers(len(plain))]
    return names[rng.integers(len(names))]


def brightness(rgb: tuple[int, int, int]) -> float:
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]


def sample_group(
    rng: np.random.Generator,
    names: list[str],
    width: int,
    height: int,
    free: list[tuple[int, int]],
    knobs: Knobs,
    styles: tuple[str, ...],
) -> tuple[Thing, ...]:
    """Two to five of the same thing in as many fields."""
    name, style = names[rng.integers(len(names))], styles[rng.integers(len(styles))]
    cells = [free[i] for i in rng.permutation(len(free))[: rng.integers(2, 6)]]
    size = max(10, round(rng.uniform(0.22, 0.31) * min(width, height) * knobs.small))
    return tuple(place_thing(rng, name, style, size, cell, width, height) for cell in sorted(cells))


def sample_things(
    rng: np.random.Generator,
    names: list[str],
    width: int,
    height: int,
    free: list[tuple[int, int]],
    beside_text: bool,
    knobs: Knobs,
    styles: tuple[str, ...],
) -> tuple[Thing, ...]:
    """One to three different things, in reading order; one alone may be small, large or neither."""
    number = int(rng.choice([1, 2, 3], p=[0.4, 0.4, 0.2]))
    style = styles[rng.integers(len(styles))]
    chosen = [names[i] for i in rng.choice(len(names), number, replace=False)]
    cells = sorted(free[i] for i in rng.permutation(len(free))[:number])
    short = min(width, height) * knobs.small
    if number > 1 or beside_text:
        size = round(rng.uniform(0.24, 0.33) * short)
        return tuple(
            place_thing(rng, name, style, max(10, size + int(rng.integers(-2, 3))), cell, width, height)
            for name, cell in zip(chosen, cells, strict=True)
        )
    scale = SCALES[rng.integers(3)]
    return (place_alone(rng, chosen[0], style, scale, short, cells[0], width, height),)


def place_alone(
    rng: np.random.Generator,
    name: str,
    style: str,
    scale: str,
    short: float,
    cell: tuple[int, int],
    width: int,
    height: int,
) -> Thing:
    """One thing of this `scale` beside a picture's `short` side; a large one is in the middle."""
    low, high = {"small": (0.18, 0.24), "": (0.33, 0.46), "large": (0.62, 0.92)}[scale]
    size = max(10, round(rng.uniform(low, high) * short))
    return place_thing(rng, name, style, size, (1, 1) if scale == "large" else cell, width, height, scale)


def place_thing(
    rng: np.random.Generator,
    name: str,
    style: str,
    size: int,
    cell: tuple[int, int],
    width: int,
    height: int,
    scale: str = "",
) -> Thing:
    """Puts a thing near the middle of its field, wholly inside the picture."""
    wander = max(0.0, 0.33 - size / min(width, height)) / 2 + 0.01
    centre_x = ((cell[1] + 0.5) / 3 + rng.uniform(-wander, wander)) * width
    centre_y = ((cell[0] + 0.5) / 3 + rng.uniform(-wander, wander)) * height
    x = int(np.clip(round(centre_x - size / 2), 0, width - size))
    y = int(np.clip(round(centre_y - size / 2), 0, height - size))
    return Thing(name, style, x, y, size, cell, scale)
