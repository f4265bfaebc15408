"""Questions about how things stand to one another: left of, right of, above, below, and who is beside whom.

Asked only where the fields of the 3 x 3 grid leave no doubt, so an answer never hangs on a few pixels.
"""

import numpy as np

from tools.embedded.world.questions import Question, capital
from tools.embedded.world.scenes import Scene, Thing
from tools.embedded.world.sprites import with_article

RELATIONS = {"to the left of": (0, -1), "to the right of": (0, 1), "above": (-1, 0), "below": (1, 0)}
ASKED = ("Is the {one} {how} the {other}?", "Is the {one} {how} the {other} in the picture?")
NAMED = ("What is {how} the {other}?", "What do you see {how} the {other}?", "Which thing is {how} the {other}?")


def holds(how: str, one: Thing, other: Thing) -> bool:
    """Whether `one` stands so to `other`, by their fields."""
    down, right = RELATIONS[how]
    apart = (one.cell[0] - other.cell[0]) * down + (one.cell[1] - other.cell[1]) * right
    return apart > 0


def ask(scene: Scene, rng: np.random.Generator) -> list[Question]:
    """A yes, a no and a name, where two different things of the scene differ in row or column."""
    if scene.kind != "things" or len(scene.things) < 2:
        return []
    first, second = (scene.things[i] for i in rng.choice(len(scene.things), 2, replace=False))
    true = [how for how in RELATIONS if holds(how, first, second)]
    questions = []
    for answer, choices in (("Yes.", true), ("No.", [how for how in RELATIONS if how not in true])):
        how = choices[rng.integers(len(choices))]
        wording = ASKED[rng.integers(len(ASKED))]
        questions.append(Question("relation", wording.format(one=first.name, how=how, other=second.name), answer))
    how = list(RELATIONS)[rng.integers(4)]
    found = [thing for thing in scene.things if thing is not second and holds(how, thing, second)]
    if len(found) < 2:
        answer = capital(f"{with_article(found[0].name)}.") if found else "Nothing."
        questions.append(Question("neighbour", NAMED[rng.integers(3)].format(how=how, other=second.name), answer))
    return questions
