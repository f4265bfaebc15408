"""Questions about a scene and their only right answers, task by task, each in several wordings.

Knows scenes, not pixels: an answer follows from the truth alone.
"""

from dataclasses import dataclass

import numpy as np

from tools.embedded.world.scenes import Scene, Text, Thing
from tools.embedded.world.sprites import COLOURED, NAMES, plural, with_article

DECLINE = "I only know simple scenes of drawn things and short words, and I can't tell what this is."
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five")

WORDINGS: dict[str, tuple[str, ...]] = {
    "describe": (
        "Describe this image.",
        "Describe this image.",
        "Describe this picture.",
        "Describe the image.",
        "Describe the picture.",
        "Describe what you see.",
        "Describe this image in detail.",
        "Can you describe this image?",
        "What is in this image?",
        "What is in this picture?",
        "What do you see?",
        "What does this picture show?",
        "What is this?",
        "Describe this screenshot.",
        "Caption this image.",
        "Write a caption for this image.",
    ),
    "alt": (
        "Write alt text for this picture in one sentence.",
        "Write alt text for this image.",
        "Write alt text for this picture.",
        "Describe this image in one sentence for someone who cannot see it.",
    ),
    "short": (
        "Describe this image briefly.",
        "Describe this image in a few words.",
        "Write a short caption.",
        "Write a short caption for this image.",
        "Give a short description.",
    ),
    "list": (
        "List what is in the picture.",
        "List the things in this image.",
        "List the objects in this image.",
        "What things are in the picture?",
        "Which objects do you see?",
    ),
    "read": (
        "Read the text.",
        "Read the text in this image.",
        "Read all the text in this image.",
        "What does the text say?",
        "What does it say?",
        "What does the sign say?",
        "What is written here?",
        "What word is this?",
        "Transcribe the text.",
    ),
    "count": ("How many {many} are there?", "How many {many} do you see?", "Count the {many}.", "How many {many}?"),
    "where": ("Where is the {one}?", "Where is the {one} in the picture?", "Where do you see the {one}?"),
    "where_text": ("Where is the text?", "Where is the word?"),
    "at": ("What is {place}?", "What do you see {place}?", "What is shown {place}?"),
    "background": (
        "What colour is the background?",
        "What color is the background?",
        "Which colour does the background have?",
    ),
    "text_colour": ("What colour is the text?", "What color is the text?", "What colour are the letters?"),
    "thing_colour": ("What colour is the {one}?", "What color is the {one}?"),
    "size": ("How big is the {one}?", "Is the {one} small or large?"),
    "is_there": ("Is there {a_one}?", "Is there {a_one} in the picture?", "Do you see {a_one}?"),
    "any_text": ("Is there any text?", "Is there text in the image?", "Do you see a word?"),
}


@dataclass(frozen=True)
class Question:
    """A task's name, the question as a user types it, and the right answer."""

    task: str
    text: str
    answer: str


class Asker:
    """Makes up questions about scenes from one random stream."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def ask(self, scene: Scene) -> list[Question]:
        """One question of every task that the scene allows, in random order."""
        questions = [self.word(task, answer, {}) for task, answer in whole_answers(scene).items()]
        questions += self._details(scene)
        if scene.kind == "mush":
            questions = [Question("decline", question.text, DECLINE) for question in questions]
        return [questions[i] for i in self.rng.permutation(len(questions))]

    def _details(self, scene: Scene) -> list[Question]:
        """Questions about one thing, one place or one property."""
        present = sorted({thing.name for thing in scene.things})
        absent = self.absent(present)
        asked = present[self.rng.integers(len(present))] if present and self.rng.random() < 0.5 else absent
        count = sum(thing.name == asked for thing in scene.things)
        questions = [
            self.word("is_there", "Yes." if asked in present else "No.", names(asked)),
            self.word("any_text", "Yes." if scene.text else "No.", {}),
        ]
        if present:
            known = present[self.rng.integers(len(present))]
            counted, number = (known, sum(thing.name == known for thing in scene.things))
            if self.rng.random() < 0.1:
                counted, number = absent, 0
            questions.append(self.word("count", f"{NUMBERS[number]}." if number else "None.", names(counted)))
        elif count == 0 and self.rng.random() < 0.3:
            questions.append(self.word("count", "None.", names(absent)))
        if scene.kind == "things" and scene.things:
            questions += self._about_things(scene)
        if scene.text is not None:
            place = scene.text.place
            questions.append(self.word("where_text", capital(f"{place}."), {}))
            questions.append(self.word("text_colour", capital(f"{scene.text.colour}."), {}))
        return questions

    def _about_things(self, scene: Scene) -> list[Question]:
        thing = scene.things[self.rng.integers(len(scene.things))]
        questions = [self.where(thing)]
        if self.rng.random() < 0.1:
            absent = self.absent([other.name for other in scene.things])
            questions = [self.word("where", f"There is no {absent}.", names(absent))]
        if thing.scale != "large":
            questions.append(self.word("at", f"{capital(with_article(thing.name))}.", {"place": thing.place}))
        colour, _, noun = thing.name.partition(" ")
        if noun in COLOURED and sum(other.name.endswith(noun) for other in scene.things) == 1:
            questions.append(self.word("thing_colour", capital(f"{colour}."), names(noun)))
        if thing.scale:
            questions.append(self.word("size", capital(f"{thing.scale}."), names(thing.name)))
        return questions

    def where(self, thing: Thing) -> Question:
        return self.word("where", capital(f"{thing.place}."), names(thing.name))

    def absent(self, present: list[str]) -> str:
        """The name of a thing that is not among `present`."""
        while (name := NAMES[self.rng.integers(len(NAMES))]) in present:
            pass
        return name

    def word(self, task: str, answer: str, words: dict[str, str]) -> Question:
        wordings = WORDINGS[task]
        return Question(task, wordings[self.rng.integers(len(wordings))].format(**words), answer)


def names(name: str) -> dict[str, str]:
    return {"one": name, "many": plural(name), "a_one": with_article(name)}


def capital(text: str) -> str:
    return text[0].upper() + text[1:]


def whole_answers(scene: Scene) -> dict[str, str]:
    """The answers that need no further choice: task name -> answer."""
    ground = scene.background.phrase
    if scene.kind in ("blank", "mush"):
        return {
            "describe": blank_caption(scene),
            "alt": blank_caption(scene),
            "short": "An empty picture.",
            "list": "Nothing.",
            "read": "There is no text.",
            "background": background_answer(scene),
        }
    seen = [describe_thing(thing, True) for thing in scene.things]
    brief = [describe_thing(thing, False) for thing in scene.things]
    listed = [thing.name for thing in scene.things]
    if scene.kind == "group":
        many = plural(scene.things[0].name)
        seen = brief = [f"{NUMBERS[len(scene.things)].lower()} {many}"]
        listed = [many]
    if scene.text is not None:
        last = not scene.things or scene.things[0].cell[0] < scene.text.row
        rows = [thing.cell[0] for thing in scene.things] if scene.kind == "things" else []
        at = sum(row < scene.text.row for row in rows) if rows else (len(seen) if last else 0)
        phrase = describe_text(scene.text)
        seen = [*seen[:at], f"{phrase} {scene.text.place}", *seen[at:]]
        brief = [*brief[:at], phrase, *brief[at:]]
        listed = [*listed[:at], "text", *listed[at:]]
    return {
        "describe": capital(f"{join(seen)} on {ground}."),
        "alt": capital(f"{join(seen)}."),
        "short": capital(f"{join(brief)}."),
        "list": capital(f"{', '.join(listed)}."),
        "read": scene.text.words if scene.text else "There is no text.",
        "background": background_answer(scene),
    }


def describe_thing(thing: Thing, with_place: bool) -> str:
    name = with_article(f"{thing.scale} {thing.name}".strip())
    return f"{name} {thing.place}" if with_place and thing.scale != "large" else name


def describe_text(text: Text) -> str:
    if len(text.lines) > 1:
        return f'the words "{text.words}"'
    return f'the {"number" if text.words.isdigit() else "word"} "{text.words}"'


def blank_caption(scene: Scene) -> str:
    colours = scene.background.names
    if len(colours) == 1:
        return f"An empty {colours[0]} picture."
    return f"An empty picture fading from {colours[0]} to {colours[1]}."


def background_answer(scene: Scene) -> str:
    return capital(" to ".join(scene.background.names) + ".")


def join(parts: list[str]) -> str:
    return " and ".join(parts) if len(parts) < 3 else f"{', '.join(parts[:-1])} and {parts[-1]}"
