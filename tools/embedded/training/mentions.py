"""What a text is about: each naming of a thing, each word and letter that is read, and where it is in what is shown."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.embedded.training.prompts import END
from tools.embedded.world.labels import HUES, IGNORE, Labelled
from tools.embedded.world.scenes import SCALES
from tools.embedded.world.sprites import NAMES, plural
from tools.embedded.world.words import LETTERS

Box = tuple[float, float, float, float]  # left, top, right, bottom in the picture
WORD = re.compile(r"(?<![A-Za-z0-9])[A-Z0-9]+(?![A-Za-z0-9])")
PRINTED = ("screen", "receipt")
HUE = re.compile(rf"\b(?:{'|'.join(sorted(HUES, key=len, reverse=True))})\b", re.IGNORECASE)
SINGULAR = {form.lower(): name for name in NAMES for form in (name, plural(name))}
# The longest first, so that a red heart is no heart.
SPELLED = "|".join(map(re.escape, sorted(SINGULAR, key=len, reverse=True)))
LEAD = r"(?:\b(?:an?|two|three|four|five) )?(?:\b(?:small|large) )?"
TEXT = re.compile(r'(?:\bthe (?:words?|number) )?(?P<what>"[^"]*"|\btext\b)', re.IGNORECASE)
LAST = re.compile(r"(?: on an? [a-z ]+)?\.")  # of a list, what follows it
NAME = re.compile(rf"{LEAD}\b(?P<name>{SPELLED})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Mention:
    """Characters `start` to `end` of a text are about what is in the boxes; `boxes` has those of each view.

    place: of a letter, how many of its word come before it; word: how many words come before that one. lead: of a
    thing's name, where its article, number and size begin; scale: which of SCALES its only thing in the only view has.
    """

    start: int
    end: int
    boxes: tuple[tuple[Box, ...], ...]
    place: int = 0
    word: int = 0
    lead: int = 0
    scale: int = IGNORE

    @property
    def is_shown(self) -> bool:
        return any(self.boxes)


def subjects_of(question: str, views: Sequence[Labelled]) -> list[Mention]:
    """What a question names: words of a screen or a receipt, else things."""
    first = views[0]
    return words_in(question, first) if first.kind in PRINTED else names_in(question, views)


def names_in(text: str, views: Sequence[Labelled]) -> list[Mention]:
    """Every naming of a thing of this world; the boxes of one that no view shows are empty."""
    mentions = []
    for match in NAME.finditer(text):
        name = SINGULAR[match["name"].lower()]
        boxes = tuple(boxes_of(name, view) for view in views)
        scales = [SCALES.index(one.scale) for view in views for one in view.things if one.name == name]
        scale = scales[0] if len(scales) == len(views) == 1 else IGNORE
        mentions.append(Mention(match.start("name"), match.end(), boxes, lead=match.start(), scale=scale))
    return mentions


def grounds_in(text: str, views: Sequence[Labelled]) -> Iterator[tuple[Mention, int]]:
    """Every naming of a background's colour, without boxes, and the number of the first view that has it."""
    for match in HUE.finditer(text):
        for number, view in enumerate(views):
            if view.background is not None and match[0].lower() in view.background.names:
                yield Mention(match.start(), match.end(), ()), number
                break


def difference_of(views: Sequence[Labelled]) -> Mention:
    """Where the things are that the last view does not show just as the first does, under their names in any view."""
    first, last = set(views[0].things), set(views[-1].things)
    names = sorted({thing.name for thing in first ^ last})
    return Mention(0, 0, tuple(tuple(box for name in names for box in boxes_of(name, view)) for view in views))


def text_of(shown: Labelled) -> Mention:
    """All the lines of text in a view."""
    return Mention(0, 0, (lines_of(shown),))


def items_in(answer: str, shown: Labelled) -> Iterator[tuple[Mention, int]]:
    """The items of a list of what a view shows, in order, things and the text; and where each of them ends."""
    written = [Mention(at.start("what"), at.end(), (lines_of(shown),), lead=at.start()) for at in TEXT.finditer(answer)]
    quoted = [range(text.start, text.end) for text in written]
    named = [one for one in names_in(answer, [shown]) if not any(one.start in span for span in quoted)]
    items = sorted((one for one in (*named, *written) if one.is_shown), key=lambda one: one.start)
    ends = [len(answer[: item.lead].removesuffix(" and ").removesuffix(", ")) for item in items[1:]]
    if items and (after := LAST.search(answer)):
        yield from zip(items, [*ends, after.start()], strict=True)


def lines_of(shown: Labelled) -> tuple[Box, ...]:
    return tuple((x, y, x + line.width, y + line.height) for line, (x, y) in shown.set_lines)


def boxes_of(name: str, shown: Labelled) -> tuple[Box, ...]:
    return tuple((one.x, one.y, one.x + one.size, one.y + one.size) for one in shown.things if one.name == name)


def words_in(question: str, shown: Labelled) -> list[Mention]:
    """Every word of a question that is drawn just once, in capitals whatever the question has, with all its letters."""
    drawn = list(words_of(shown))
    texts = [word for word, _ in drawn]
    return [
        Mention(match.start(), match.end(), (tuple(drawn[texts.index(word)][1]),))
        for match in re.finditer(r"\w+", question)
        if texts.count(word := match[0].upper()) == 1
    ]


def letters_in(answer: str, shown: Labelled) -> list[Mention]:
    """Every letter of the words that an answer reads off: all of one in capitals, else what it has in quotes.

    A word that is drawn more than once is the one that follows the word before; without that it is left out.
    """
    drawn = list(words_of(shown))
    texts = [word for word, _ in drawn]
    mentions, before = [], -2
    for start, word in read_words(answer):
        follows = 0 <= before + 1 < len(texts) and texts[before + 1] == word
        if not follows and texts.count(word) != 1:
            before = -2
            continue
        before = before + 1 if follows else texts.index(word)
        mentions += [Mention(start + i, start + i + 1, ((box,),), i, before) for i, box in enumerate(drawn[before][1])]
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
