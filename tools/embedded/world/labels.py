"""What every patch of a tile shows, as numbers for the encoder's own lessons. Knows drawn truth, no pixels.

A patch names the thing over its centre, how many such there are and what is said of its size. For letters it is cut in
two, left and right, because small letters are narrower than a patch: each half names the letter over its centre, the
letter's place in its word and that word's number, by which whoever reads knows which comes next, and its colour. The
second edition labelled the patch that holds a letter's centre: most of its mistakes were of a pixel or two, and a
quarter of the small letters shared a patch, unlabelled. Of a tile as a whole the background's colours are told.
"""

from typing import Protocol

import numpy as np

from tools.embedded.world.backgrounds import COLOURS, Background
from tools.embedded.world.scenes import SCALES, SetLine, Thing
from tools.embedded.world.sprites import NAMES
from tools.embedded.world.words import LETTERS

IGNORE = -100  # cross_entropy's own mark for "no label here"
NOT_LETTER = len(LETTERS)
NOT_THING = len(NAMES)
MOST = 5  # of one thing in a scene
GRID = 8  # patches a side of a tile
HALVES = 2  # of a patch
ORDINALS = 9  # places in a word; the last stands for all that are later
WORDS = 8  # numbers of a word, likewise
HUES = tuple(COLOURS)
NAMED = 3  # numbers that a thing's label has: which one, how many such, its size among SCALES
NUMBERS = 4  # that a letter's label has: which one, its place in its word, that word's number, its colour
EDGE = 1 / 16  # of a patch: within it of a letter's end nothing is asked
LEGIBLE = 0.6  # of a patch: letters of smaller fonts are not to be told apart

Region = tuple[float, float, float, float]  # left, top, right, bottom in the picture


class Labelled(Protocol):
    """What patches can be labelled by: things and lines of text. Of "mush" nothing is known."""

    @property
    def kind(self) -> str: ...

    @property
    def things(self) -> tuple[Thing, ...]: ...

    @property
    def set_lines(self) -> tuple[SetLine, ...]: ...

    @property
    def ink(self) -> str | None: ...  # the colour of all the text where it has a name

    @property
    def background(self) -> Background | None: ...  # where its colours have names


def label_cells(scene: Labelled, region: Region, grid: int, whole: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Things [P, NAMED] and letters [P, HALVES, NUMBERS], int64, at the P = grid * grid patches of a tile.

    It shows `region`, the `whole` picture or a part of it, in which sizes mean nothing.

    IGNORE where only a part of a thing or of a line touches the patch, or where letters are too small to be told apart.
    """
    if scene.kind == "mush":
        letters = np.full((grid * grid, HALVES, NUMBERS), IGNORE)
        letters[..., 0] = NOT_LETTER
        return np.full((grid * grid, NAMED), IGNORE), letters
    letters = label_letters(scene, region, grid).reshape(-1, HALVES, NUMBERS)
    things = label_things(scene, region, grid).reshape(-1, NAMED)
    if not whole:
        things[:, 2] = IGNORE
    return things, letters


def label_background(scene: Labelled, region: Region, width: int, height: int) -> np.ndarray:
    """[2] int64: the colours that the background of a picture this large begins and ends with.

    IGNORE for an end of a fading one that the tile showing `region` does not reach, and where nothing is known.
    """
    ground = scene.background
    if ground is None or scene.kind == "mush":
        return np.full(2, IGNORE)
    left, top, right, bottom = region
    reached = (top <= 0, bottom >= height) if ground.vertical else (left <= 0, right >= width)
    ends = zip((ground.names[0], ground.names[-1]), reached, strict=True)
    return np.array([HUES.index(name) if seen or len(ground.names) == 1 else IGNORE for name, seen in ends])


def label_things(scene: Labelled, region: Region, grid: int) -> np.ndarray:
    """[grid, grid, NAMED]: the thing over each patch's centre, how many such the tile shows if none is cut off, its
    size."""
    left, top, right, bottom = region
    step_x, step_y = (right - left) / grid, (bottom - top) / grid
    labels = np.full((grid, grid, NAMED), IGNORE, dtype=np.int64)
    named, counted, sized = np.moveaxis(labels, -1, 0)
    named[:] = NOT_THING
    x, y = left + (np.arange(grid) + 0.5) * step_x, top + (np.arange(grid) + 0.5) * step_y
    for thing in scene.things:
        touch_x = (x + step_x / 2 > thing.x) & (x - step_x / 2 < thing.x + thing.size)
        touch_y = (y + step_y / 2 > thing.y) & (y - step_y / 2 < thing.y + thing.size)
        inside_x, inside_y = (x > thing.x) & (x < thing.x + thing.size), (y > thing.y) & (y < thing.y + thing.size)
        touched, covered = touch_y[:, None] & touch_x, inside_y[:, None] & inside_x
        named[touched & (named == NOT_THING)] = IGNORE
        named[covered] = NAMES.index(thing.name)
        counted[covered] = number_of(thing.name, scene, region)
        sized[covered] = SCALES.index(thing.scale)
    return labels


def number_of(name: str, scene: Labelled, region: Region) -> int:
    """How many things of a name a tile of this `region` shows; IGNORE when one is cut off, or there are over MOST."""
    left, top, right, bottom = region
    named = [thing for thing in scene.things if thing.name == name]
    same = [(thing.x, thing.y, thing.x + thing.size, thing.y + thing.size) for thing in named]
    seen = [box for box in same if box[0] < right and box[2] > left and box[1] < bottom and box[3] > top]
    whole = [box for box in seen if box[0] >= left and box[2] <= right and box[1] >= top and box[3] <= bottom]
    return len(seen) if len(whole) == len(seen) <= MOST else IGNORE


def label_letters(scene: Labelled, region: Region, grid: int) -> np.ndarray:
    """[grid, grid * HALVES, NUMBERS]: the letter over the centre of each half, at the patches over a line's middle.

    A letter so narrow that it covers no centre has the half that its middle lies in, unless another needs that.
    """
    left, top, right, bottom = region
    step_x, step_y = (right - left) / grid / HALVES, (bottom - top) / grid
    labels = np.full((grid, grid * HALVES, NUMBERS), IGNORE, dtype=np.int64)
    labels[..., 0] = NOT_LETTER
    rows, edge, words = np.arange(grid), EDGE * HALVES * step_x, 0
    for line, corner in scene.set_lines:
        first, last = (corner[1] - top) / step_y, (corner[1] + line.height - top) / step_y
        inside = ((rows + 0.5 > first) & (rows + 0.5 < last)) | (rows == (first + last) // 2)
        touched = (rows + 1 > first) & (rows < last)
        starts = np.array([corner[0] + letter.start for letter in line.letters])
        ends = np.array([corner[0] + letter.end for letter in line.letters])
        over, beside = share_out(starts, ends, left + (np.arange(grid * HALVES) + 0.5) * step_x, edge)
        shown = (starts < right) & (ends > left) & touched.any()
        numbers = words + words_among(np.array([letter.place == 0 for letter in line.letters], dtype=int), shown)
        words += len(np.unique(numbers[shown]))
        unclear = touched[:, None] & beside.any(axis=0) & (labels[..., 0] == NOT_LETTER)
        labels[unclear, 0] = IGNORE
        for letter, word, halves in zip(line.letters, numbers, over, strict=True):
            if line.size > LEGIBLE * step_y:
                ink = IGNORE if scene.ink is None else HUES.index(scene.ink)
                place, word = min(letter.place, ORDINALS - 1), min(word, WORDS - 1)
                labels[inside[:, None] & halves] = (LETTERS.index(letter.letter), place, word, ink)
    return labels


def words_among(begins: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """[N]: of letters that begin a word or not, how many words of which any letter is shown come before theirs."""
    word = begins.cumsum()
    return np.searchsorted(np.unique(word[shown]), word)


def share_out(starts: np.ndarray, ends: np.ndarray, x: np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Which letters [N, H] the halves with centres `x` show, and which they touch; none shows two."""
    starts, ends = starts[:, None], ends[:, None]
    over, beside = (x > starts + edge) & (x < ends - edge), (x > starts - edge) & (x < ends + edge)
    for narrow in np.flatnonzero(~over.any(axis=1)):
        nearest = np.abs(x - (starts + ends)[narrow] / 2).argmin()
        others = over[:, nearest]
        if (over[others].sum(axis=1) > 1).all() and x[0] <= ends[narrow] and x[-1] >= starts[narrow]:
            over[others, nearest], over[narrow, nearest] = False, True
    return over, beside
