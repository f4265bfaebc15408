"""Pictures that are full: pages of letters and crowds of things, to learn letters and names from.

A scene as a user sees it holds five letters and two things; a page holds thirty letters, at the same cost of encoding.
`label_cells` has all that they teach the encoder; the decoder is asked to read them, or to list what it sees.
"""

import numpy as np

from tools.embedded.world.backgrounds import Background, jittered, sample_background
from tools.embedded.world.drills import yes_and_no
from tools.embedded.world.looks import VARIED, sample_look
from tools.embedded.world.questions import Asker, Question, capital
from tools.embedded.world.scenes import Scene, Text, Thing, World, contrasting, place_alone
from tools.embedded.world.sprites import NAMES
from tools.embedded.world.words import JUMBLED, Line, load_font, sample_word, set_line

LETTER_HEIGHTS = (0.1, 0.2)  # of the picture's short side, from a little less than a scene's least
ROUGH = 0.2  # share of plain pages on a photo-like surface
SPREAD = 1.25  # from line to line, in heights
ASKED = 2  # of a crowd: each finds one name among a dozen things, and all names have to be learned
PAGE = ("Read all the text in this image.", "Read the page.", "Transcribe all the text.")
CROWD = ("List everything in the picture.", "List all the things, row by row.", "Name everything that you see.")


def sample_page(world: World, rng: np.random.Generator, width: int, height: int) -> Scene:
    """Half of the pages are text from top to bottom, the others a crowd of different things, or one that fills it."""
    background = sample_background(rng, rough=ROUGH)
    if rng.random() < 0.5:
        return Scene(width, height, "things", background, text=fill_with_text(world, rng, width, height, background))
    style = world.styles[rng.integers(len(world.styles))]
    things = crowd(rng, width, height, background, style)
    return Scene(width, height, "things", background, things, look=sample_look(rng, VARIED))


def ask(page: Scene, rng: np.random.Generator) -> list[Question]:
    """What a page says, as a whole and by its first and last line; what is in a crowd, and whether something is."""
    if page.text is not None:
        lines = [line.text for line in page.text.lines]
        return [
            Question("page", PAGE[rng.integers(len(PAGE))], " ".join(lines)),
            Question("line", "What does the first line say?", lines[0]),
            Question("line", "What does the last line say?", lines[-1]),
        ]
    present = [thing.name for thing in page.things]
    asker = Asker(rng)
    questions = [question for _ in range(ASKED) for question in yes_and_no(asker, present)]
    if present:
        questions.append(Question("crowd", CROWD[rng.integers(len(CROWD))], capital(f"{', '.join(present)}.")))
    return questions


def fill_with_text(world: World, rng: np.random.Generator, width: int, height: int, background: Background) -> Text:
    """Lines of words in one font and size, each as long as the picture is wide, at random offsets."""
    font = world.fonts[rng.integers(len(world.fonts))]
    cap = rng.uniform(*LETTER_HEIGHTS) * min(width, height)
    size = max(7, round(40 * cap / set_line("H", font, 40).height))
    lines: list[Line] = []
    corners: list[tuple[float, float]] = []
    y = rng.uniform(0, 0.6 * cap)
    while y + cap < height:
        line = fitting_line(rng, font, size, width)
        lines.append(line)
        corners.append((rng.uniform(0, max(1.0, width - line.width)), y))
        y += max(cap, line.height) * rng.uniform(1.05, SPREAD)
    colour = contrasting(rng, background)
    return Text(tuple(lines), tuple(corners), colour, jittered(rng, colour), 1)


def fitting_line(rng: np.random.Generator, font: str, size: int, width: int) -> Line:
    """Words until the next one would not fit; of one that is too long alone, the letters that do."""
    measure, room = load_font(font, size).getlength, width - 2  # ink may reach a pixel beyond what is measured
    text = sample_word(rng, 8, jumbled=JUMBLED)
    while measure(text) > room and len(text) > 1:
        text = text[:-1]
    while measure(longer := f"{text} {sample_word(rng, 6, jumbled=JUMBLED)}") < room:
        text = longer
    return set_line(text, font, size)


def crowd(rng: np.random.Generator, width: int, height: int, background: Background, style: str) -> tuple[Thing, ...]:
    """Different things in a grid of two to four a side, some places left empty, or a large one alone."""
    side = int(rng.integers(1, 5))
    fitting = [name for name in NAMES if not background.hides(name)]
    if side == 1:
        name = fitting[rng.integers(len(fitting))]
        return (place_alone(rng, name, style, "large", min(width, height), (1, 1), width, height),)
    chosen = rng.choice(len(fitting), side * side, replace=False)
    room = min(width, height) / side
    things = []
    for number, index in enumerate(chosen):
        if rng.random() < 0.15:
            continue
        size = max(10, int(rng.uniform(0.7, 1.0) * room))
        row, column = divmod(number, side)
        x = int(column * width / side + rng.uniform(0, width / side - size))
        y = int(row * height / side + rng.uniform(0, height / side - size))
        things.append(Thing(fitting[index], style, x, y, size, (min(2, row), min(2, column))))
    return tuple(things)
