"""Conversations about one scene: questions that follow from the answer before, and those that no picture answers.

A follow-up names nothing itself ("Where is it?"), so only what was said before tells what is meant.
"""

import numpy as np

from tools.embedded.world.questions import Asker, Question, background_answer, capital
from tools.embedded.world.scenes import Scene, Thing
from tools.embedded.world.sprites import with_article

CANNOT_TELL = "I can't tell."
UNKNOWABLE = (
    "Who took this picture?",
    "When was this picture made?",
    "What day is it?",
    "Where was this taken?",
    "What time is it?",
    "How much does it cost?",
    "What is behind you?",
    "What is the name of the {one}?",
    "How old is the {one}?",
    "Who owns the {one}?",
    "How heavy is the {one}?",
    "What is the {one} thinking?",
    "Where does the {one} come from?",
    "What will the {one} do next?",
)
Turns = tuple[Question, ...]


def sample_dialogue(scene: Scene, asker: Asker) -> Turns:
    """Two or three turns; the later ones lean on the first where the scene allows it."""
    single = [thing for thing in scene.things if scene.kind == "things"]
    if not single or asker.rng.random() < 0.25:
        questions = asker.ask(scene)
        return tuple(questions[: int(asker.rng.integers(2, 4))])
    return lean(scene, single[asker.rng.integers(len(single))], asker.rng)


def lean(scene: Scene, thing: Thing, rng: np.random.Generator) -> Turns:
    """What is at a place, or whether a thing is there; then about that thing, and what else there is."""
    if rng.random() < 0.5 and thing.scale != "large":
        first = Question("at", f"What is {thing.place}?", capital(f"{with_article(thing.name)}."))
        then = Question("background", "And what colour is the background?", background_answer(scene))
    else:
        first = Question("is_there", f"Is there {with_article(thing.name)}?", "Yes.")
        then = Question("where", "Where is it?", capital(f"{thing.place}."))
    others = [other.name for other in scene.things if other is not thing]
    if scene.text:
        others.append("text")
    rest = capital(f"{', '.join(others)}.") if others else "Nothing."
    last = Question("else", ("What else is there?", "What else do you see?")[rng.integers(2)], rest)
    return (first, then, last) if rng.random() < 0.5 else (first, (then, last)[rng.integers(2)])


def unknowable(scene: Scene, rng: np.random.Generator) -> Question:
    """A question that a look at the picture does not answer."""
    named = len(UNKNOWABLE) if scene.things else sum("{one}" not in wording for wording in UNKNOWABLE)
    wording = UNKNOWABLE[rng.integers(named)]
    name = scene.things[rng.integers(len(scene.things))].name if scene.things else ""
    return Question("cannot_tell", wording.format(one=name), CANNOT_TELL)
