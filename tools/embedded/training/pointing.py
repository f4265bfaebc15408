"""Where the decoder should look: what a text names is shown by these image tokens, what is asked was named back there.

It learns slowly from answers alone where to look: a name in a question meets its thing, or a letter the one after it,
only by what the answer's few tokens tell. The drawn truth knows the place, so training says it; ordinary heads of the
network that ships are to look there (`AIMS` in `hints.py`). Three ways of looking:

- a name, what leads to it, and what is to be said about it, at the things of that name: at the sequence's beginning
  where there is none; what ends an item of a list, at the next; what is to be said of a change, at what has changed; a
  background's colours anywhere in it;
- the beginning of an answer, at the names in its question: what was found there is what the answer is about. Of two
  that are compared each has a head of its own;
- an image token of a later picture or frame, at the one of the same place before it, so that it holds what changed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from tokenizers import Encoding

from tools.embedded.training.mentions import (
    Box,
    Mention,
    difference_of,
    grounds_in,
    items_in,
    letters_in,
    names_in,
    subjects_of,
    text_of,
)
from tools.embedded.training.tiles import Tiled
from tools.embedded.world.changes import KINDS
from tools.embedded.world.exhibits import Exhibit
from tools.embedded.world.labels import GRID, HALVES, IGNORE, Region
from tools.embedded.world.relations import RELATIONS

MOSTLY = 0.5  # of the overlap of a box and the token that shows most of it: other tokens with as much show it too
EVERY, FIRST, LAST = slice(None), slice(0, 1), slice(-1, None)
ABOUT = {"first": FIRST, "second": LAST, "at_end": LAST}  # task -> which of several views its answer is about
TEXTUAL = ("text_colour", "where_text")  # asked of the text as a whole
COMPARING = ("same", "changed", "happens", "clip")  # a clip's description ends with what happens
SUBJECT = re.compile(r"(?:The|An?)(?= )")  # what comes before it, in a sentence about a change
COLUMNS = ("column 0", "column 1", "column 2", "column 3")  # of half a patch each, in an image token
FIELDS = 3  # rows and columns of places in a picture
LISTING = ("describe", "alt", "short", "list", "crowd", "else")
MOST_LEFT = 2  # items of a list, or more, that are left to be named
MOVED = re.compile(r"move[ds] from( .*) to( )")


@dataclass(frozen=True)
class Tokenized:
    """A text with its tokens, whose numbers begin at `start` in what the text is a part of."""

    text: str
    encoding: Encoding
    start: int

    def at(self, character: int) -> int:
        return self.start + cast(int, self.encoding.char_to_token(character))  # None only where no character is

    def first(self, mention: Mention) -> int:
        return self.at(mention.start)

    def last(self, mention: Mention) -> int:
        return self.at(mention.end - 1)


@dataclass(frozen=True)
class Pointer:
    """A token that is about something shown, or foretells it; `shown` [image tokens] bool are those that show it.

    kind: "name", "letter", one of COLUMNS for a letter if it is there, "next" for what ends an item of a list, "answer"
    for one that is begun, "ground" for a background's colour, or "differs" for a change that is told. `told` is what
    should be known there. Of a letter: how many of its word come before it, that word's number, which half of which of
    the image token's patches shows it, the last two IGNORE where they mean nothing. Of a change: which of KINDS. Of a
    name: row, column and size of its only thing in the only view, else IGNORE. Of a list: how many items are left, of
    MOST_LEFT at most.
    """

    kind: str
    token: int
    shown: np.ndarray
    told: tuple[int, ...] = ()

    def where(self, images: np.ndarray, start: int) -> Sequence[int]:
        """The tokens to look at, in a row with image tokens at `images` and this token's text from `start` on."""
        return [*images[self.shown]] or [0]


@dataclass(frozen=True)
class Lookup:
    """The token from which an answer is begun, and the last tokens of what its question names.

    kind: "named", or "other" for the second of two that are compared; there `told` has row and column of
    both and which of RELATIONS is asked about.
    """

    token: int
    named: tuple[int, ...]
    kind: str = "named"
    told: tuple[int, ...] = ()

    def where(self, images: np.ndarray, start: int) -> Sequence[int]:
        """As a pointer's."""
        return [start + token for token in self.named]


def pointers_of(
    task: str, asked: Tokenized, answer: Tokenized, exhibit: Exhibit, tiled: Sequence[Tiled], side: int
) -> Iterator[Pointer | Lookup]:
    """Where to look behind each name, before each name or letter to be given, and before what is asked of a name.

    side: image tokens along a tile's edge.
    """
    which, views = ABOUT.get(task, EVERY), [view.labels for view in exhibit.views]
    names, given = subjects_of(asked.text, views), [name for name in names_in(answer.text, views) if name.is_shown]
    compared = names[1:] if task == "relation" else []
    if meant := names[: len(names) - len(compared)]:
        yield Lookup(answer.start, tuple(asked.last(name) for name in meant))
    for other in compared:
        told = (*field_of(names[0], tiled), *field_of(other, tiled), how_in(asked.text))
        yield Lookup(answer.start, (asked.last(other),), "other", told)
    if len(names) == 1 and not given:
        yield Pointer("answer", answer.start, tokens_of(names[0], which, tiled, side))
    items = list(items_in(answer.text, views[0])) if task in LISTING and len(views) == 1 else []
    yield from (joints := list(joints_of(items, answer, tiled, side)))
    about = [(asked.last(name), name, which) for name in names]
    for name in [item for item, _ in items] or given:
        tokens = {*range(answer.at(name.lead) - 1, answer.first(name)), answer.last(name)}
        about += [(token, name, which) for token in sorted(tokens.difference(joint.token for joint in joints))]
    if given and len(views) > 1 and (moved := MOVED.search(answer.text)):
        about += [(answer.at(moved.start(1)) - 1, given[-1], FIRST), (answer.at(moved.start(2)) - 1, given[-1], LAST)]
    if task in COMPARING:
        difference = tokens_of(difference_of(views), EVERY, tiled, side) | (exhibit.change == "repaint")
        for token in told_from(answer):
            yield Pointer("differs", token, difference, (KINDS.index(exhibit.change),))
    if task in TEXTUAL:
        yield Pointer("answer", answer.start, tokens_of(text_of(views[0]), EVERY, tiled, side))
    else:
        for ground, number in grounds_in(answer.text, views):
            for token in range(answer.first(ground), answer.last(ground) + 1):
                yield Pointer("ground", token - 1, whole_of(number, tiled, side))
    for token, mention, where in about:
        known = (*field_of(mention, tiled), mention.scale)
        yield Pointer("name", token, tokens_of(mention, where, tiled, side), known)
    if len(views) == 1:
        for letter in letters_in(answer.text, views[0]):
            yield from letters_of(letter, answer, tiled, side)


def joints_of(
    items: Sequence[tuple[Mention, int]], answer: Tokenized, tiled: Sequence[Tiled], side: int
) -> Iterator[Pointer]:
    """Where to look as an item of a list ends: at the next; behind the last one nowhere."""
    following = [*(item for item, _ in items[1:]), Mention(0, 0, ((),))]
    for number, ((_, end), after) in enumerate(zip(items, following, strict=False), start=1):
        left = min(len(items) - number, MOST_LEFT)
        yield Pointer("next", answer.at(end) - 1, tokens_of(after, EVERY, tiled, side), (left,))


def letters_of(letter: Mention, answer: Tokenized, tiled: Sequence[Tiled], side: int) -> Iterator[Pointer]:
    """Where to look before a letter is given, and where each of the columns' heads should."""
    whole, token = tiled[0].regions[0] if len(tiled[0].regions) == 1 else None, answer.first(letter) - 1
    alone = (letter.word, slot_at(letter.boxes[0][0], whole, side)) if whole else (IGNORE, IGNORE)
    yield Pointer("letter", token, tokens_of(letter, EVERY, tiled, side), (letter.place, *alone))
    for kind, there in zip(COLUMNS, columns_of(letter, tiled, side).T, strict=True):
        yield Pointer(kind, token, there)


def told_from(answer: Tokenized) -> list[int]:
    """Where a change begins to be told, in an answer's last sentence, and where its subject is due."""
    start = answer.text.rfind(". ") + 1
    subject = SUBJECT.match(answer.text, start + 1)
    return [answer.at(start), *([answer.at(subject.end() - 1)] if subject else [])]


def how_in(question: str) -> int:
    """Which of RELATIONS it asks about."""
    return next(number for number, how in enumerate(RELATIONS) if f" {how} " in question)


def field_of(name: Mention, tiled: Sequence[Tiled]) -> tuple[int, int]:
    """Row and column of the only thing of a name in the only view, whose last tile shows all of it; else IGNORE."""
    if len(tiled) > 1 or len(name.boxes[0]) != 1:
        return IGNORE, IGNORE
    (first_x, first_y, last_x, last_y), (*_, right, bottom) = name.boxes[0][0], tiled[0].regions[-1]
    return int((first_y + last_y) / 2 / bottom * FIELDS), int((first_x + last_x) / 2 / right * FIELDS)


def tokens_of(mention: Mention, where: slice, tiled: Sequence[Tiled], side: int) -> np.ndarray:
    """[image tokens of all views] bool: those that hold most of what is meant in the views `where`."""
    tokens, meant = [], range(len(tiled))[where]
    for number, (boxes, view) in enumerate(zip(mention.boxes, tiled, strict=True)):
        tokens += [tokens_at(boxes if number in meant else (), region, side) for region in view.regions]
    return np.concatenate(tokens)


def whole_of(number: int, tiled: Sequence[Tiled], side: int) -> np.ndarray:
    """[image tokens of all views] bool: those of the tile that shows all of one view."""
    ends = np.cumsum([len(view.regions) * side * side for view in tiled])
    tokens = np.arange(ends[-1])
    return (tokens >= ends[number] - side * side) & (tokens < ends[number])


def columns_of(letter: Mention, tiled: Sequence[Tiled], side: int) -> np.ndarray:
    """[image tokens of the only view, COLUMNS] bool: those columns of a token that hold most of the letter."""
    wide = side * len(COLUMNS)
    tokens = [tokens_at(letter.boxes[0], region, side, wide).reshape(-1, len(COLUMNS)) for region in tiled[0].regions]
    return np.concatenate(tokens)


def tokens_at(boxes: tuple[Box, ...], region: Region, tokens: int, columns: int | None = None) -> np.ndarray:
    """[tokens * columns] bool: which image tokens of a tile that shows `region` hold most of one of the boxes.

    columns: as many as rows by default; more for parts of tokens.
    """
    left, top, right, bottom = region
    x, y = np.linspace(left, right, (columns or tokens) + 1), np.linspace(top, bottom, tokens + 1)
    chosen = np.zeros((tokens, columns or tokens), dtype=bool)
    for first_x, first_y, last_x, last_y in boxes:
        wide = np.clip(np.minimum(x[1:], last_x) - np.maximum(x[:-1], first_x), 0, None)
        high = np.clip(np.minimum(y[1:], last_y) - np.maximum(y[:-1], first_y), 0, None)
        overlap = high[:, None] * wide
        chosen |= (overlap > 0) & (overlap >= MOSTLY * overlap.max())
    return chosen.ravel()


def slot_at(box: Box, region: Region, tokens: int) -> int:
    """Which half of which of a token's patches lies under the middle of the box, row by row."""
    left, top, right, bottom = region
    shuffle = GRID // tokens
    halves = shuffle * HALVES
    column = int(((box[0] + box[2]) / 2 - left) / (right - left) * tokens * halves)
    row = int(((box[1] + box[3]) / 2 - top) / (bottom - top) * tokens * shuffle)
    return row % shuffle * halves + column % halves
