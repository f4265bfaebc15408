"""Exhibits, their prompts, and the questions that lean on other things or answers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import assets
from mlx_model.config import read_model_config
from mlx_model.media.video import Clip, FramePlan
from mlx_model.prompting.chat_template import ChatTemplate
from mlx_model.prompting.prompt import Message, Part, Picture, Text, build_prompt
from mlx_model.prompting.tokenizer import Tokenizer
from tools.embedded.training.prompts import answer_text, clip_opening, picture_opening, question_text
from tools.embedded.training.tiles import Tiled, cut_tiles, one_tile
from tools.embedded.training.tokenizer import load_tokenizer
from tools.embedded.world import relations
from tools.embedded.world.dialogues import CANNOT_TELL, sample_dialogue, unknowable
from tools.embedded.world.drills import drill, in_order
from tools.embedded.world.exhibits import MAKERS, Exhibit, sample_exhibit
from tools.embedded.world.labels import label_cells
from tools.embedded.world.pages import sample_page
from tools.embedded.world.questions import Asker, Question
from tools.embedded.world.scenes import Knobs, Scene, World

EMBEDDED = assets.path("embedded")
TURNS = (Question("is_there", "Is there a cat?", "Yes."), Question("where", "Where is it?", "At the top."))


@dataclass(frozen=True)
class GridOf:
    """A picture's grid as the product's prompt asks for it."""

    rows: int
    cols: int


def exhibit(kind: str, world: World, seed: int, frames: int = 3) -> Exhibit:
    return sample_exhibit(kind, world, np.random.default_rng(seed), (160, 120), Knobs(), frames)


def product_ids(shown: Exhibit, tiled: list[Tiled], last: int) -> list[int]:
    """The product's own prompt for the first `last` questions of TURNS, the answers between them given."""
    clip = Clip(Path("clip.mp4"), "clip", shown.seconds, 1.0)
    frames = FramePlan(tuple(range(len(shown.seconds))), shown.seconds, shown.duration, 0, shown.duration)
    media: list[Part] = [clip] if shown.seconds else [Picture(view.picture) for view in shown.views]
    messages = [Message("user", (*media, Text(TURNS[0].text)))]
    for before, question in zip(TURNS, TURNS[1:last], strict=False):
        messages += [Message("assistant", (Text(before.answer),)), Message("user", (Text(question.text),))]
    seen = [frames] if shown.seconds else [GridOf(one.rows, one.columns) for one in tiled]
    template, tokenizer = ChatTemplate.from_folder(EMBEDDED), Tokenizer.from_folder(EMBEDDED)
    return list(build_prompt(messages, seen, template, tokenizer, read_model_config(EMBEDDED)).ids)


@pytest.mark.parametrize(("kind", "split"), [("scene", False), ("scene", True), ("pair", False), ("clip", False)])
@pytest.mark.parametrize("turns", [1, 2])
def test_the_pieces_of_a_prompt_have_the_ids_that_the_product_gives_it(
    world: World, kind: str, split: bool, turns: int
) -> None:
    shown = exhibit(kind, world, 5)
    tiled = [(cut_tiles if split else one_tile)(view.picture, 256, 128) for view in shown.views]
    if shown.seconds:
        opening = clip_opening(shown.seconds, shown.duration, 16)
    else:
        opening = picture_opening([(one.rows, one.columns) for one in tiled], 16)
    pieces = [opening]
    for number, question in enumerate(TURNS[:turns]):
        pieces += [question_text(question.text, number, bool(shown.seconds)), answer_text(question.answer)]
    backend = load_tokenizer(EMBEDDED / "tokenizer.json")
    ids = [token for piece in pieces[:-1] for token in backend.encode(piece).ids]
    assert ids == product_ids(shown, tiled, turns)


@pytest.mark.parametrize("kind", MAKERS)
def test_the_same_seed_gives_the_same_exhibit(world: World, kind: str) -> None:
    first, second = exhibit(kind, world, 3), exhibit(kind, world, 3)
    assert [view.picture.tobytes() for view in first.views] == [view.picture.tobytes() for view in second.views]
    assert first.conversations == second.conversations and first.conversations
    assert all(question.answer for turns in first.conversations for question in turns)


def scenes(world: World, count: int = 300) -> list[Scene]:
    return [world.sample_scene(np.random.default_rng(seed), 128, 128, Knobs()) for seed in range(count)]


def test_drills_ask_for_as_many_things_that_are_there_as_are_not(world: World) -> None:
    asker, said = Asker(np.random.default_rng(0)), []
    for scene in scenes(world):
        present = {thing.name for thing in scene.things}
        for question in drill(asker, scene):
            if question.task == "is_there" and present:
                asked = (
                    question.text.removesuffix("?").removesuffix(" in the picture").partition(" a")[2].split(" ", 1)[1]
                )
                assert (question.answer == "Yes.") == (asked in present)
                said.append(question.answer)
    assert said.count("Yes.") == said.count("No.") > 100


def test_a_question_about_the_whole_comes_first_and_none_is_lost() -> None:
    rng = np.random.default_rng(0)
    talks = [(Question(task, str(number), "x"),) for number, task in enumerate(("count", "describe", "size", "where"))]
    for _ in range(20):
        ordered = in_order(rng, talks)
        assert ordered[0] == talks[1] and sorted(map(hash, ordered)) == sorted(map(hash, talks))


def test_relations_are_answered_by_the_pixels_of_the_things(world: World) -> None:
    asked = 0
    for seed, scene in enumerate(scenes(world)):
        middle = {thing.name: (thing.x + thing.size / 2, thing.y + thing.size / 2) for thing in scene.things}
        for question in relations.ask(scene, np.random.default_rng(seed)):
            how = next(how for how in relations.RELATIONS if f" {how} " in question.text)
            other = next(
                name
                for name in middle
                if question.text.removesuffix(" in the picture?").rstrip("?").endswith(f"{how} the {name}")
            )
            axis, sign = {"to the left of": (0, -1), "to the right of": (0, 1), "above": (1, -1), "below": (1, 1)}[how]
            beyond = {name for name in middle if sign * (middle[name][axis] - middle[other][axis]) > 0.15 * 128}
            if question.task == "neighbour":
                assert (question.answer == "Nothing.") or any(name in question.answer for name in beyond)
            else:
                one = question.text.removeprefix("Is the ").partition(f" {how} ")[0]
                assert (question.answer == "Yes.") == (one in beyond)
            asked += 1
    assert asked > 100


def test_a_follow_up_is_answered_by_what_was_named_before(world: World) -> None:
    followed = 0
    for seed, scene in enumerate(scenes(world)):
        turns = sample_dialogue(scene, Asker(np.random.default_rng(seed)))
        for first, then in zip(turns, turns[1:], strict=False):
            if then.text == "Where is it?":
                thing = next(thing for thing in scene.things if f" {thing.name}?" in first.text)
                assert then.answer.lower() == f"{thing.place}."
                followed += 1
    assert followed > 20


def test_what_no_picture_shows_is_not_made_up(world: World) -> None:
    for seed, scene in enumerate(scenes(world, 60)):
        question = unknowable(scene, np.random.default_rng(seed))
        assert question.answer == CANNOT_TELL and "{" not in question.text and "  " not in question.text


def test_pages_hold_many_more_letters_than_scenes(world: World) -> None:
    def letters(shown: list[Scene]) -> int:
        labels = [label_cells(scene, (0, 0, 128, 128), 8)[1] for scene in shown]
        return sum(int((label[..., 1] >= 0).sum()) for label in labels)

    pages = [sample_page(world, np.random.default_rng(seed), 128, 128) for seed in range(60)]
    assert letters(pages) > 4 * letters(scenes(world, 60))
    assert all(line.width <= 128 for page in pages for line, _ in page.set_lines)


def test_pages_of_things_are_crowds_or_one_large_thing(world: World) -> None:
    pages = [sample_page(world, np.random.default_rng(seed), 128, 128) for seed in range(80)]
    shown = [page.things for page in pages if page.text is None and page.things]
    alone = [things[0] for things in shown if len(things) == 1]
    assert 3 < len(alone) < len(shown) / 2 and max(len(things) for things in shown) > 9
    assert all(thing.scale == "large" and thing.size > 128 / 2 for thing in alone)
    assert all(thing.scale == "" for things in shown if len(things) > 1 for thing in things)
