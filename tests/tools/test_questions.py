"""Answers follow from the scene's truth."""

import numpy as np

from tools.embedded.world.questions import DECLINE, NUMBERS, WORDINGS, Asker, whole_answers
from tools.embedded.world.scenes import Knobs, World
from tools.embedded.world.sprites import NAMES, plural, with_article


def test_every_question_has_a_sentence_that_the_scene_bears_out(world: World) -> None:
    rng = np.random.default_rng(3)
    asker = Asker(rng)
    tasks = set()
    for _ in range(400):
        scene = world.sample_scene(rng, 128, 128, Knobs())
        present = {thing.name for thing in scene.things}
        for question in asker.ask(scene):
            tasks.add(question.task)
            assert "{" not in question.text
            if scene.kind == "mush":
                assert question.answer == DECLINE
            elif question.task == "is_there":
                named = [
                    name for name in NAMES if f" {with_article(name)}?" in f"{question.text} ".replace(" in the", "?")
                ]
                assert question.answer == ("Yes." if present & set(named) else "No.")
            elif question.task == "any_text":
                assert question.answer == ("Yes." if scene.text else "No.")
            elif question.task == "read":
                assert question.answer == (scene.text.words if scene.text else "There is no text.")
            elif question.task == "count" and question.answer != "None.":
                many = len([thing for thing in scene.things if f" {plural(thing.name)}" in question.text])
                assert question.answer == f"{NUMBERS[many]}."
    assert tasks == {*WORDINGS, "decline"}


def test_captions_name_everything_in_reading_order(world: World) -> None:
    rng = np.random.default_rng(4)
    for _ in range(300):
        scene = world.sample_scene(rng, 128, 128, Knobs())
        if scene.kind != "things":
            continue
        caption = whole_answers(scene)["describe"]
        parts = [(thing.cell, thing.name) for thing in scene.things]
        if scene.text is not None:
            parts.append(((scene.text.row, 1), f'"{scene.text.words}"'))
        found = [caption.index(name) for _, name in sorted(parts)]
        assert found == sorted(found)
        assert caption.endswith(f"on {scene.background.phrase}.")
        assert caption.isascii() and caption[0].isupper()


def test_names_get_articles_and_plurals_that_english_has() -> None:
    assert with_article("apple") == "an apple"
    assert with_article("hourglass") == "an hourglass"
    assert with_article("unicorn") == "a unicorn"
    assert with_article("umbrella") == "an umbrella"
    assert plural("mouse") == "mice"
    assert plural("cup of coffee") == "cups of coffee"
    assert plural("pear") == "pears"
