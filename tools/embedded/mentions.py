"""What a text is about: each naming of a thing that is shown, each letter that is read, and where in the picture."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.embedded.labels import Labelled
from tools.embedded.prompts import END
from tools.embedded.sprites import plural
from tools.embedded.words import LETTERS

Box = tuple[float, float, float, float]  # left, top, right, bottom in the picture
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
    """Words in capitals and numbers, with where each begins; the answer's special token does not count."""
    spans = [match.span(1) for match in re.finditer(r'"([^"]*)"', answer)]
    said = answer.removesuffix(END)
    if not spans and said.upper() == said:
        spans = [(0, len(said))]
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
