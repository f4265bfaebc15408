"""Extra questions for training, where a task is learned slowly, and which questions a picture's few places go to.

"Is there a cat?" holds one bit, a caption a hundred: left to chance, yes or no is never learned. So every picture is
asked for a thing that is there and one that is not, at times a near miss (a red heart for a blue one). "Where is the
cat?" needs the same look for what is named and says three bits about it, so it is asked of every thing. How two things
stand to one another the sixth edition still guessed: it had been asked once for every 25 times that something is there.
"""

from collections.abc import Sequence

import numpy as np

from tools.embedded.world import relations
from tools.embedded.world.dialogues import Turns
from tools.embedded.world.questions import NUMBERS, Asker, Question, names
from tools.embedded.world.scenes import Scene
from tools.embedded.world.sprites import COLOURED, NAMES

WEIGHTS = {
    "is_there": 1.5,
    "count": 2.0,
    "read": 2.5,
    "where": 2.0,
    "text_colour": 3.0,
    "relation": 4.0,
    "any_text": 0.4,
    "size": 0.7,
}
WHOLE = ("describe", "alt", "short", "read", "decline", "clip", "happens", "changed")


def drill(asker: Asker, scene: Scene) -> list[Question]:
    """Beyond one a task: yes and no in equal parts, the count and the place of everything, and how two things stand."""
    if scene.kind == "mush":
        return []
    present = sorted({thing.name for thing in scene.things})
    questions = yes_and_no(asker, present)
    if scene.kind == "things":
        questions += [asker.where(thing) for thing in scene.things] + relations.ask(scene, asker.rng)
    for name in present:
        number = sum(thing.name == name for thing in scene.things)
        questions.append(asker.word("count", f"{NUMBERS[number]}.", names(name)))
    return questions


def yes_and_no(asker: Asker, present: list[str]) -> list[Question]:
    """Whether something is there that is, and whether something is there that is not."""
    questions = []
    if present:
        known = present[asker.rng.integers(len(present))]
        questions.append(asker.word("is_there", "Yes.", names(known)))
    missing = near_miss(asker.rng, present) or asker.absent(present)
    return [*questions, asker.word("is_there", "No.", names(missing))]


def near_miss(rng: np.random.Generator, present: list[str]) -> str | None:
    """A thing like one that is there in another colour, when there is one."""
    nouns = [noun for name in present if (noun := name.rpartition(" ")[2]) in COLOURED]
    likely = [name for name in NAMES if name.rpartition(" ")[2] in nouns and name not in present]
    return likely[rng.integers(len(likely))] if likely else None


def in_order(rng: np.random.Generator, conversations: Sequence[Turns]) -> list[Turns]:
    """A question about the whole picture first, for it holds most of the truth; the others by weighted chance."""
    whole = [number for number, turns in enumerate(conversations) if turns[0].task in WHOLE]
    first = [whole[rng.integers(len(whole))]] if whole else []
    rest = [number for number in range(len(conversations)) if number not in first]
    keys = [rng.exponential() / WEIGHTS.get(conversations[number][0].task, 1.0) for number in rest]
    return [conversations[number] for number in (*first, *(rest[i] for i in np.argsort(keys)))]
