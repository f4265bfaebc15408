"""A clip: a change played over a few frames, and what can be asked about it.

Time stamps and the number of frames are as the product samples a clip at one frame a second. What moves glides; what
comes, goes or changes does so between two frames. Knows changes and scenes, no prompts.
"""

from dataclasses import dataclass, replace

import numpy as np

from tools.embedded.world.changes import KINDS, Change, sample_change
from tools.embedded.world.questions import NUMBERS, Question, capital, whole_answers
from tools.embedded.world.scenes import Knobs, Scene, World

HAPPENS = ("What happens?", "What happens in this video?", "What is going on in this video?", "What changes?")
DESCRIBE = (
    "Describe this video.",
    "Describe this video in one sentence.",
    "Describe the clip.",
    "What does this show?",
)
DOES = {
    "move": "Does anything move?",
    "come": "Does anything appear?",
    "go": "Does anything disappear?",
    "repaint": "Does the background change?",
}


@dataclass(frozen=True)
class Clip:
    """Frames in order, with the second at which each is shown."""

    change: Change
    frames: tuple[Scene, ...]
    seconds: tuple[float, ...]

    @property
    def duration(self) -> float:
        return self.seconds[-1] + 1.0


def sample_clip(world: World, rng: np.random.Generator, width: int, height: int, knobs: Knobs, frames: int) -> Clip:
    """A clip of `frames` frames (at least 2), a second apart, in which one thing happens or nothing."""
    change = sample_change(world, rng, width, height, knobs, KINDS)
    return Clip(change, play(change, rng, frames), tuple(float(second) for second in range(frames)))


def play(change: Change, rng: np.random.Generator, frames: int) -> tuple[Scene, ...]:
    """The scene in every frame; the first shows it before, the last after the change."""
    if change.kind == "move":
        return tuple(glide(change, number / (frames - 1)) for number in range(frames))
    turn = int(rng.integers(1, frames))
    return tuple(change.before if number < turn else change.after for number in range(frames))


def glide(change: Change, part: float) -> Scene:
    """The scene when the moving thing has gone `part` of its way; between the ends its field says nothing."""
    if part in (0, 1):
        return change.after if part else change.before
    start = next(thing for thing in change.before.things if thing.name == change.subject)
    goal = next(thing for thing in change.after.things if thing.name == change.subject)
    x, y = (round(a + part * (b - a)) for a, b in ((start.x, goal.x), (start.y, goal.y)))
    others = tuple(thing for thing in change.before.things if thing is not start)
    return replace(change.before, things=(*others, replace(start, x=x, y=y)))


def ask(clip: Clip, rng: np.random.Generator) -> list[Question]:
    """One question a task, in random order."""
    change = clip.change
    first = whole_answers(change.before)["describe"]
    questions = [
        Question("happens", HAPPENS[rng.integers(len(HAPPENS))], change.happening),
        Question("clip", DESCRIBE[rng.integers(len(DESCRIBE))], f"{first} {change.happening}"),
        Question("at_end", "What is in the last frame?", whole_answers(change.after)["list"]),
        Question("at_end", "How many things are there at the end?", f"{NUMBERS[len(change.after.things)]}."),
    ]
    kind = list(DOES)[rng.integers(len(DOES))]
    questions.append(Question("does", DOES[kind], "Yes." if change.kind == kind else "No."))
    if change.kind == "move":
        place = next(thing for thing in change.after.things if thing.name == change.subject).place
        questions.append(Question("at_end", f"Where is the {change.subject} at the end?", capital(f"{place}.")))
    return [questions[i] for i in rng.permutation(len(questions))]
