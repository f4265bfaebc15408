"""Simple screenshots with their truth: a window, a dialog, a chart with three bars, a form.

A `Screen` says what can be read and counted; `draw` paints it, `ask` makes the questions whose answers follow from it.
Words are in capitals, as everywhere in this world.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from tools.embedded.world.backgrounds import COLOURS, jittered
from tools.embedded.world.lettering import RGB, Canvas
from tools.embedded.world.questions import NUMBERS, Question, capital, join
from tools.embedded.world.scenes import SetLine, Thing
from tools.embedded.world.words import sample_word

KINDS = ("window", "dialog", "chart", "form")
BARS = ("red", "blue", "green", "yellow", "orange", "purple", "pink", "brown")
THEMES: tuple[tuple[RGB, RGB, RGB, RGB], ...] = (  # desktop, panel, edge, ink
    ((200, 210, 225), (245, 245, 247), (150, 150, 155), (20, 20, 25)),
    ((60, 110, 150), (255, 255, 255), (120, 120, 120), (0, 0, 0)),
    ((25, 25, 35), (50, 52, 60), (110, 112, 120), (235, 235, 240)),
    ((120, 140, 110), (236, 233, 216), (100, 100, 90), (10, 10, 60)),
)


@dataclass(frozen=True)
class Screen:
    """`labels` are buttons, bars' colours or fields' names; `values` bars' heights in tenths or fields' contents."""

    kind: str
    width: int
    height: int
    title: str
    labels: tuple[str, ...]
    values: tuple[str, ...]
    theme: int
    font: str


@dataclass(frozen=True)
class Shown:
    """A drawn screen with what labels its patches."""

    picture: Image.Image
    set_lines: tuple[SetLine, ...]
    kind: str = "screen"
    ink: str | None = None
    things: tuple[Thing, ...] = ()
    background: None = None


def sample_screen(rng: np.random.Generator, fonts: tuple[str, ...], width: int, height: int) -> Screen:
    """Invents one that fits a picture of width x height pixels."""
    kind = KINDS[rng.integers(len(KINDS))]
    font = fonts[rng.integers(len(fonts))]
    title = sample_word(rng, 8)
    labels: tuple[str, ...]
    values: tuple[str, ...] = ()
    if kind in ("window", "dialog"):
        labels = different_words(rng, int(rng.integers(1, 3 if kind == "dialog" else 4)), 5)
    elif kind == "chart":
        labels = tuple(BARS[i] for i in rng.choice(len(BARS), 3, replace=False))
        values = tuple(str(tenths) for tenths in rng.choice(np.arange(1, 6), 3, replace=False) * 2)
    else:
        labels = different_words(rng, int(rng.integers(2, 4)), 5)
        values = tuple("" if rng.random() < 0.25 else sample_word(rng, 6) for _ in labels)
    return Screen(kind, width, height, title, labels, values, int(rng.integers(len(THEMES))), font)


def different_words(rng: np.random.Generator, count: int, longest: int) -> tuple[str, ...]:
    words: list[str] = []
    while len(words) < count:
        if (word := sample_word(rng, longest)) not in words:
            words.append(word)
    return tuple(words)


def draw(screen: Screen, rng: np.random.Generator) -> Shown:
    """Paints it; `rng` only shifts the panel a little and jitters the bars' colours."""
    desktop, panel, edge, ink = THEMES[screen.theme]
    width, height = screen.width, screen.height
    canvas = Canvas(Image.new("RGB", (width, height), desktop), screen.font)
    inset = 0.18 * height if screen.kind == "dialog" else 0.05 * height
    left, top = rng.uniform(0.02, 0.06) * width, inset + rng.uniform(-0.03, 0.03) * height
    right, bottom = width - rng.uniform(0.02, 0.06) * width, height - inset
    canvas.box((left, top, right, bottom), panel, edge, 0.02 * height)
    bar = top + 0.2 * (height if screen.kind != "dialog" else bottom - top + 0.3 * height)
    canvas.write(screen.title, (left + 4, top + 2, right - 4, bar), ink, "left" if screen.kind == "form" else "middle")
    inner = (left + 0.04 * width, bar, right - 0.04 * width, bottom - 0.04 * height)
    {"window": draw_buttons, "dialog": draw_buttons, "chart": draw_bars, "form": draw_fields}[screen.kind](
        canvas, screen, inner, rng
    )
    return Shown(canvas.picture, tuple(canvas.set_lines))


def draw_buttons(canvas: Canvas, screen: Screen, inner: tuple[float, float, float, float], _: object) -> None:
    """A window's buttons stand one below the other, a dialog's side by side."""
    left, top, right, bottom = inner
    _, panel, edge, ink = THEMES[screen.theme]
    face = tuple(int(0.9 * channel + 12) for channel in panel)
    count = len(screen.labels)
    for number, label in enumerate(screen.labels):
        if screen.kind == "window":
            tall = (bottom - top) / 3
            box = (left, top + number * tall + 2, right, top + (number + 1) * tall - 2)
        else:
            wide = (right - left) / count
            box = (left + number * wide + 2, top + 0.3 * (bottom - top), left + (number + 1) * wide - 2, bottom)
        canvas.box(box, (face[0], face[1], face[2]), edge, 3)
        canvas.write(label, (box[0] + 2, box[1], box[2] - 2, box[3]), ink)


def draw_bars(
    canvas: Canvas, screen: Screen, inner: tuple[float, float, float, float], rng: np.random.Generator
) -> None:
    left, top, right, bottom = inner
    step = (right - left) / 3
    for number, (colour, tenths) in enumerate(zip(screen.labels, screen.values, strict=True)):
        x = left + (number + 0.18) * step
        canvas.box((x, bottom - (bottom - top) * int(tenths) / 10, x + 0.64 * step, bottom), jittered(rng, colour))
    canvas.box((left, bottom, right, bottom + 1), THEMES[screen.theme][3])


def draw_fields(canvas: Canvas, screen: Screen, inner: tuple[float, float, float, float], _: object) -> None:
    left, top, right, bottom = inner
    _, _, edge, ink = THEMES[screen.theme]
    tall, middle = (bottom - top) / 3, left + 0.45 * (right - left)
    for number, (label, value) in enumerate(zip(screen.labels, screen.values, strict=True)):
        y = top + number * tall
        canvas.write(label, (left, y, middle - 3, y + tall), ink, "left", 0.45 * tall)
        canvas.box((middle, y + 2, right, y + tall - 2), COLOURS["white"], edge)
        if value:
            canvas.write(value, (middle + 3, y + 2, right - 3, y + tall - 2), (10, 10, 10), "left", 0.45 * tall)


def ask(screen: Screen, rng: np.random.Generator) -> list[Question]:
    """One question of each task that the screen allows, in random order."""
    wordings = WORDINGS[screen.kind] | {
        "describe": ("Describe this screenshot.", "Describe this image.", "What is in this image?", "What is this?"),
        "screen_title": ("What is the title?", "What is the heading?", "What does the title say?"),
    }
    answers = {"describe": describe(screen), "screen_title": screen.title} | details(screen)
    number = int(rng.integers(len(screen.labels)))
    if screen.kind == "form":
        answers["field"] = screen.values[number] or "It is empty."
    questions = []
    for task, answer in answers.items():
        wording = wordings[task][rng.integers(len(wordings[task]))]
        questions.append(Question(task, wording.format(label=screen.labels[number]), answer))
    return [questions[i] for i in rng.permutation(len(questions))]


WORDINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "window": {
        "buttons": ("Which buttons do you see?", "What do the buttons say?"),
        "count": ("How many buttons are there?", "How many buttons do you see?"),
    },
    "chart": {
        "bar": ("Which bar is the tallest?", "What is the highest bar?", "Which bar is the largest?"),
        "low_bar": ("Which bar is the shortest?", "What is the lowest bar?", "Which bar is the smallest?"),
    },
    "form": {
        "field": ("What is in the field {label}?", "What does the field {label} say?"),
        "count": ("How many fields are there?", "How many fields does the form have?"),
    },
}
WORDINGS["dialog"] = WORDINGS["window"]


def details(screen: Screen) -> dict[str, str]:
    """Task -> answer, of those that need no choice."""
    if screen.kind == "chart":
        ranked = sorted(zip((int(value) for value in screen.values), screen.labels, strict=True))
        return {"bar": f"The {ranked[-1][1]} bar.", "low_bar": f"The {ranked[0][1]} bar."}
    counted = {"count": f"{NUMBERS[len(screen.labels)]}."}
    return counted if screen.kind == "form" else counted | {"buttons": f"{quoted(screen.labels)}."}


def describe(screen: Screen) -> str:
    number = NUMBERS[len(screen.labels)].lower()
    if screen.kind == "chart":
        return f'A chart with the title "{screen.title}" and three bars, {join(list(screen.labels))}.'
    if screen.kind == "form":
        return f'A form with the title "{screen.title}" and {number} fields, {quoted(screen.labels)}.'
    buttons = "the button" if len(screen.labels) == 1 else f"{number} buttons,"
    return capital(f'a {screen.kind} with the title "{screen.title}" and {buttons} {quoted(screen.labels)}.')


def quoted(words: tuple[str, ...]) -> str:
    return join([f'"{word}"' for word in words])
