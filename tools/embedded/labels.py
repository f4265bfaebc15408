"""What every patch of a tile shows, as numbers for the encoder's own lessons. Knows drawn truth, no pixels.

A patch names the thing over its centre. For letters it is cut in two, left and right, because small letters are
narrower than a patch: each half names the letter over its centre, which third of that letter it is, so that two letters
side by side and one wide letter can be told apart, the letter's place in its word, by which whoever reads knows which
comes next, and its colour. The second edition labelled the patch that holds a letter's centre: most of its mistakes
were of a pixel or two, and a quarter of the small letters shared a patch, unlabelled.
"""

from typing import Protocol

import numpy as np

from tools.embedded.backgrounds import COLOURS
from tools.embedded.scenes import SetLine, Thing
from tools.embedded.sprites import NAMES
from tools.embedded.words import LETTERS

IGNORE = -100  # cross_entropy's own mark for "no label here"
NOT_LETTER = len(LETTERS)
NOT_THING = len(NAMES)
GRID = 8  # patches a side of a tile
HALVES = 2  # of a patch
PARTS = 3  # of a letter, from left to right
ORDINALS = 9  # places in a word; the last stands for all that are later
INKS = tuple(COLOURS)
NUMBERS = 4  # that a letter's label has: which one, its third, its place in its word, its colour
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


def label_cells(scene: Labelled, region: Region, grid: int) -> tuple[np.ndarray, np.ndarray]:
    """Things [P] and letters [P, HALVES, NUMBERS] at the P = grid * grid patches of a tile that shows `region`, int64.

    IGNORE where only a part of a thing or of a line touches the patch, or where letters are too small to be told apart.
    """
    if scene.kind == "mush":
        letters = np.full((grid * grid, HALVES, NUMBERS), IGNORE)
        letters[..., 0] = NOT_LETTER
        return np.full(grid * grid, IGNORE), letters
    return label_things(scene, region, grid).ravel(), label_letters(scene, region, grid).reshape(-1, HALVES, NUMBERS)


def label_things(scene: Labelled, region: Region, grid: int) -> np.ndarray:
    """[grid, grid]: the thing over each patch's centre."""
    left, top, right, bottom = region
    step_x, step_y = (right - left) / grid, (bottom - top) / grid
    labels = np.full((grid, grid), NOT_THING, dtype=np.int64)
    x, y = left + (np.arange(grid) + 0.5) * step_x, top + (np.arange(grid) + 0.5) * step_y
    for thing in scene.things:
        touch_x = (x + step_x / 2 > thing.x) & (x - step_x / 2 < thing.x + thing.size)
        touch_y = (y + step_y / 2 > thing.y) & (y - step_y / 2 < thing.y + thing.size)
        inside_x, inside_y = (x > thing.x) & (x < thing.x + thing.size), (y > thing.y) & (y < thing.y + thing.size)
        touched, covered = touch_y[:, None] & touch_x, inside_y[:, None] & inside_x
        labels[touched & (labels == NOT_THING)] = IGNORE
        labels[covered] = NAMES.index(thing.name)
    return labels


def label_letters(scene: Labelled, region: Region, grid: int) -> np.ndarray:
    """[grid, grid * HALVES, NUMBERS]: the letter over the centre of each half, at the patches over a line's middle."""
    left, top, right, bottom = region
    step_x, step_y = (right - left) / grid / HALVES, (bottom - top) / grid
    labels = np.full((grid, grid * HALVES, NUMBERS), IGNORE, dtype=np.int64)
    labels[..., 0] = NOT_LETTER
    x, rows = left + (np.arange(grid * HALVES) + 0.5) * step_x, np.arange(grid)
    edge = EDGE * HALVES * step_x
    for line, corner in scene.set_lines:
        first, last = (corner[1] - top) / step_y, (corner[1] + line.height - top) / step_y
        inside = ((rows + 0.5 > first) & (rows + 0.5 < last)) | (rows == (first + last) // 2)
        touched = (rows + 1 > first) & (rows < last)
        for letter in line.letters:
            start, end = corner[0] + letter.start, corner[0] + letter.end
            beside = (x > start - edge) & (x < end + edge)
            near = touched[:, None] & beside & (labels[..., 0] == NOT_LETTER)
            labels[near, 0] = IGNORE
            if line.size > LEGIBLE * step_y:
                over = (x > start + edge) & (x < end - edge)
                part = ((x - start) / (end - start) * PARTS).astype(np.int64)
                which = inside[:, None] & over
                labels[which, 0] = LETTERS.index(letter.letter)
                labels[which, 1] = np.broadcast_to(part, which.shape)[which]
                labels[which, 2] = ordinal(letter.place)
                labels[which, 3] = IGNORE if scene.ink is None else INKS.index(scene.ink)
    return labels


def ordinal(place: int) -> int:
    """The label of a letter's place in its word."""
    return min(place, ORDINALS - 1)
