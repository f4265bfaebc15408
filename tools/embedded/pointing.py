"""Where a picture shows what a text is about: for each naming of a thing and each letter read, its image tokens.

The decoder learns slowly from answers alone where to look: a name in a question meets its thing, or a letter the one
after it, only by what the answer's few tokens tell. The drawn truth knows the place, so training says it: two heads of
the decoder (`POINTERS` in `lessons.py`) are to look there. They are ordinary heads of the network that ships.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tools.embedded.labels import HALVES, Labelled, Region
from tools.embedded.sprites import plural
from tools.embedded.words import LETTERS

Box = tuple[float, float, float, float]  # left, top, right, bottom in the picture
MOSTLY = 0.5  # of the overlap of a box and the token that shows most of it: other tokens with as much show it too
WORD = re.compile(r"(?<![A-Za-z0-9])[A-Z0-9]+(?![A-Za-z0-9])")


@dataclass(frozen=True)
class Mention:
    """Characters `start` to `end` of a text are about what is in the boxes."""

    start: int
    end: int
    boxes: tuple[Box, ...]
    is_letter: bool = False


def names_in(text: str, shown: Labelled) -> list[Mention]:
    """Every naming of a thing that is shown, the longest name first, so that a red heart is no heart."""
    boxes: dict[str, list[Box]] = {}
    for thing in shown.things:
        box = (thing.x, thing.y, thing.x + thing.size, thing.y + thing.size)
        for name in (thing.name, plural(thing.name)):
            boxes.setdefault(name.lower(), []).append(box)
    if not boxes:
        return []
    names = "|".join(re.escape(name) for name in sorted(boxes, key=len, reverse=True))
    found = re.finditer(rf"\b(?:{names})\b", text, re.IGNORECASE)
    return [Mention(match.start(), match.end(), tuple(boxes[match[0].lower()])) for match in found]


def letters_in(answer: str, shown: Labelled) -> list[Mention]:
    """Every letter of the words that an answer reads off: all of one in capitals, else what it has in quotes.

    A word that is drawn more than once is the one that follows the word before; without that it is left out.
    """
    drawn = list(words_of(shown))
    texts = [word for word, _ in drawn]
    mentions, before = [], -2
    for start, word in read_words(answer):
        follows = before + 1 < len(texts) and texts[before + 1] == word
        if not follows and texts.count(word) != 1:
            before = -2
            continue
        before = before + 1 if follows else texts.index(word)
        mentions += [Mention(start + i, start + i + 1, (box,), True) for i, box in enumerate(drawn[before][1])]
    return mentions


def read_words(answer: str) -> Iterator[tuple[int, str]]:
    """Words in capitals and numbers, with where each begins."""
    spans = [match.span(1) for match in re.finditer(r'"([^"]*)"', answer)]
    if not spans and answer.upper() == answer:
        spans = [(0, len(answer))]
    for first, last in spans:
        for match in WORD.finditer(answer, first, last):
            yield match.start(), match[0]


def words_of(shown: Labelled) -> Iterator[tuple[str, list[Box]]]:
    """Every word that is drawn, with the boxes of its letters."""
    for line, (x, y) in shown.set_lines:
        letters = iter(line.letters)
        boxes = [
            (x + letter.start, y, x + letter.end, y + line.height) if letter else None
            for letter in (next(letters) if character in LETTERS else None for character in line.text)
        ]
        for match in WORD.finditer(line.text):
            yield match[0], [box for box in boxes[match.start() : match.end()] if box]


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


def slot_at(box: Box, region: Region, tokens: int, shuffle: int) -> int:
    """Which half of which of a token's `shuffle` ** 2 patches lies under the middle of the box, row by row."""
    left, top, right, bottom = region
    halves = shuffle * HALVES
    column = int(((box[0] + box[2]) / 2 - left) / (right - left) * tokens * halves)
    row = int(((box[1] + box[3]) / 2 - top) / (bottom - top) * tokens * shuffle)
    return row % shuffle * halves + column % halves
