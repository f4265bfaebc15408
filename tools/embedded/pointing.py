"""Where a picture shows what a text is about: for each naming of a thing and each letter read, its image tokens.

The decoder learns slowly from answers alone where to look: a name in a question meets its thing, or a letter the one
after it, only by what the answer's few tokens tell. The drawn truth knows the place, so training says it: two heads of
the decoder (`POINTERS` in `lessons.py`) are to look there. They are ordinary heads of the network that ships.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
from tokenizers import Encoding

from tools.embedded.labels import GRID, HALVES, IGNORE, Labelled, Region
from tools.embedded.mentions import Box, Mention, letters_in, names_in
from tools.embedded.tiles import Tiled

MOSTLY = 0.5  # of the overlap of a box and the token that shows most of it: other tokens with as much show it too


@dataclass(frozen=True)
class Tokenized:
    """A text with its tokens, whose numbers begin at `start` in what the text is a part of."""

    text: str
    encoding: Encoding
    start: int

    def first(self, mention: Mention) -> int:
        return self.start + cast(int, self.encoding.char_to_token(mention.start))  # None only where no character is

    def last(self, mention: Mention) -> int:
        return self.start + cast(int, self.encoding.char_to_token(mention.end - 1))


@dataclass(frozen=True)
class Pointer:
    """A token that is about something shown, or foretells it; `shown` [image tokens] bool are those that show it.

    `slot` says which half of which of the image token's patches shows a letter, IGNORE where that means nothing.
    """

    token: int
    shown: np.ndarray
    slot: int


def pointers_of(asked: Tokenized, answer: Tokenized, shown: Labelled, tiled: Tiled, side: int) -> Iterator[Pointer]:
    """Where to look behind each name, before each name or letter to be given, and before what is asked of a name.

    side: image tokens along a tile's edge.
    """
    names, given = names_in(asked.text, shown), names_in(answer.text, shown)
    about = [(asked.last(name), name) for name in names]
    if len(names) == 1 and not given:
        about.append((answer.start, names[0]))  # behind the answer's space: where it is, whether it is, its colour
    for name in given:
        about += [(answer.first(name) - 1, name), (answer.last(name), name)]
    about += [(answer.first(letter) - 1, letter) for letter in letters_in(answer.text, shown)]
    for token, mention in about:
        tokens = np.concatenate([tokens_at(mention.boxes, region, side) for region in tiled.regions])
        has_slot = mention.is_letter and len(tiled.regions) == 1
        yield Pointer(token, tokens, slot_at(mention.boxes[0], tiled.regions[0], side) if has_slot else IGNORE)


def tokens_at(boxes: tuple[Box, ...], region: Region, tokens: int) -> np.ndarray:
    """[tokens * tokens] bool: which image tokens of a tile that shows `region` hold most of one of the boxes."""
    left, top, right, bottom = region
    x, y = np.linspace(left, right, tokens + 1), np.linspace(top, bottom, tokens + 1)
    chosen = np.zeros((tokens, tokens), dtype=bool)
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
