"""What counts as right, and how the table says so."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mlx_model.media.video import Clip
from mlx_model.prompting.prompt import Text
from tools.embedded.results import asking, evaluate, samples
from tools.embedded.results.photos import find_photos, quarters
from tools.embedded.results.scoring import BEYOND, LABELS, format_table, judge, length_of
from tools.embedded.world.exhibits import sample_exhibit
from tools.embedded.world.questions import Question, whole_answers
from tools.embedded.world.scenes import Knobs, Scene, World, sample_portrait
from tools.embedded.world.sprites import NAMES

ROOT = Path(__file__).parents[2]


def scene_of_one_thing(world: World) -> Scene:
    for seed in range(100):
        scene = world.sample_scene(np.random.default_rng(seed), 128, 128, Knobs(text=0))
        if scene.kind == "things" and len(scene.things) == 1:
            return scene
    raise AssertionError("no scene of one thing in a hundred")


def test_a_caption_counts_only_when_every_letter_is_right(world: World) -> None:
    scene = scene_of_one_thing(world)
    truth = whole_answers(scene)["describe"]
    question = Question("describe", "Describe this image.", truth)
    assert dict(judge(scene, question, truth)) == {"describe": True, "naming": True}
    moved = truth.replace(" background", "")
    assert dict(judge(scene, question, moved)) == {"describe": False, "naming": True}
    assert dict(judge(scene, question, "A nothing.")) == {"describe": False, "naming": False}


def test_captions_of_empty_pictures_have_a_row_of_their_own(world: World) -> None:
    scenes = (world.sample_scene(np.random.default_rng(seed), 128, 128, Knobs()) for seed in range(300))
    scene = next(scene for scene in scenes if scene.kind == "blank")
    question = Question("describe", "Describe this image.", whole_answers(scene)["describe"])
    assert dict(judge(scene, question, question.answer)) == {"blank": True}


def test_a_table_has_a_row_for_each_task_that_was_asked_and_says_how_many() -> None:
    columns = {"one": {"read": [True, True, False, True]}, "two": {"read": [False], "count": [True]}, "three": {}}
    lines = format_table(LABELS, columns).splitlines()
    assert lines[0] == "| task | one | two | three |"
    assert lines[2:] == ["| text, exact | 75 % of 4 | 0 % of 1 | - |", "| count | - | 100 % of 1 | - |"]


def test_a_portrait_is_of_one_thing_that_its_background_does_not_hide(world: World) -> None:
    for seed, name in enumerate(NAMES):
        scene = sample_portrait(np.random.default_rng(seed), name, world.styles[0], 128)
        assert [thing.name for thing in scene.things] == [name]
        assert name.split()[0] not in scene.background.names


@pytest.mark.parametrize(("kind", "frames"), evaluate.KINDS)
def test_every_answer_about_another_kind_has_a_row(world: World, kind: str, frames: int) -> None:
    for seed in range(15):
        exhibit = sample_exhibit(kind, world, np.random.default_rng(seed), (128, 128), Knobs(), frames)
        for asked in asking.questions_of(exhibit, "auto"):
            for task, right in judge(exhibit.views[0].labels, asked.question, asked.question.answer, asked.turn):
                assert right and task in LABELS | BEYOND


def test_a_clip_is_shown_as_the_frames_that_training_draws(world: World) -> None:
    exhibit = sample_exhibit("clip", world, np.random.default_rng(0), (128, 128), Knobs(), 3)
    request = next(asking.questions_of(exhibit, "auto")).request
    (clip,) = request.media
    assert isinstance(clip, Clip) and clip.duration == 3 and len(clip.tiles) == 3
    assert all(
        np.array_equal(tile, np.asarray(view.picture)) for tile, view in zip(clip.tiles, exhibit.views, strict=True)
    )


def test_a_follow_up_is_asked_after_the_right_answer_and_without_its_picture(world: World) -> None:
    for seed in range(20):
        exhibit = sample_exhibit("talk", world, np.random.default_rng(seed), (128, 128), Knobs(), 1)
        for asked in asking.questions_of(exhibit, "auto"):
            messages = asked.request.messages
            assert len(messages) == 2 * asked.turn + 1 and len(asked.request.pictures) == 1
            assert messages[-1].parts[-1] == Text(asked.question.text)


def test_scenes_that_are_evaluated_do_not_overlap_with_an_offset(world: World) -> None:
    setting = evaluate.SETTINGS[0]
    first, second = ([asked.question for asked in evaluate.scene_questions(world, setting, n)] for n in (0, 1))
    assert first != second
    assert first == [asked.question for asked in evaluate.scene_questions(world, setting, 0)]


def test_what_texts_say_is_asked_of_every_scene_that_has_one(world: World) -> None:
    asked = list(evaluate.reading_questions(world, evaluate.SETTINGS[1], range(12)))
    assert 6 < len(asked) <= 12 and {one.question.task for one in asked} == {"read"}
    assert {one.request.detail for one in asked} == {"low"}
    for one in asked:
        shown = one.exhibit.views[0].labels
        assert isinstance(shown, Scene) and shown.text is not None and one.question.answer == shown.text.words


def test_twelve_letters_in_two_words_are_a_short_text_and_thirteen_are_a_long_one() -> None:
    assert length_of("FOREST ISLAND") == "within" and length_of("FOREST ISLANDS") == "beyond"


def test_tables_are_written_between_markers_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{evaluate.START}\nold\n{evaluate.END}\nafter\n", encoding="utf-8")
    evaluate.write_between(page, "new")
    assert page.read_text(encoding="utf-8") == f"before\n{evaluate.START}\n\nnew\n\n{evaluate.END}\nafter\n"
    page.write_text("no markers", encoding="utf-8")
    with pytest.raises(ValueError, match="to write between"):
        evaluate.write_between(page, "new")


def test_a_photograph_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no photograph astronaut"):
        find_photos(tmp_path)


def test_quarters_of_a_photograph_do_not_overlap() -> None:
    photo = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(4, 6))
    seen = [value for part in quarters(photo) for value in np.asarray(part).ravel().tolist()]
    assert sorted(seen) == list(range(24))


def test_samples_are_the_same_pictures_each_time_with_their_truths(world: World, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        samples.write_samples(world, tmp_path / folder)
    truths = json.loads((tmp_path / "a" / "truths.json").read_text(encoding="utf-8"))
    assert len(truths) == len(samples.SAMPLE_SIZES)
    for name, size in zip(truths, samples.SAMPLE_SIZES, strict=True):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        with Image.open(tmp_path / "a" / name) as picture:
            assert picture.size == size


@pytest.mark.parametrize("setting", evaluate.SETTINGS)
def test_settings_ask_for_a_detail_that_the_product_knows(setting: evaluate.Setting) -> None:
    assert setting.detail in ("low", "auto", "high") and setting.sizes


def test_the_model_card_that_ships_has_the_tables_of_the_docs_and_the_words_of_its_source() -> None:
    card, page, source = (
        (ROOT / name).read_text(encoding="utf-8")
        for name in ("assets/embedded/MODEL_CARD.md", "docs/embedded.md", "tools/embedded/results/MODEL_CARD.md")
    )
    (before, tables, after), shown = split_at_markers(card), split_at_markers(page)[1]
    assert tables == shown and "| caption, exact |" in tables
    assert (before, after) == split_at_markers(source)[::2]


def split_at_markers(text: str) -> tuple[str, str, str]:
    before, _, rest = text.partition(evaluate.START)
    tables, _, after = rest.partition(evaluate.END)
    return before, tables, after
