"""What counts as right, and how the table says so."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.embedded import evaluate
from tools.embedded.questions import Question, whole_answers
from tools.embedded.scenes import Knobs, Scene, World


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
    assert dict(evaluate.judge(scene, question, truth)) == {"describe": True, "naming": True}
    moved = truth.replace(" background", "")
    assert dict(evaluate.judge(scene, question, moved)) == {"describe": False, "naming": True}
    assert dict(evaluate.judge(scene, question, "A nothing.")) == {"describe": False, "naming": False}


def test_captions_of_empty_pictures_have_a_row_of_their_own(world: World) -> None:
    scenes = (world.sample_scene(np.random.default_rng(seed), 128, 128, Knobs()) for seed in range(300))
    scene = next(scene for scene in scenes if scene.kind == "blank")
    question = Question("describe", "Describe this image.", whole_answers(scene)["describe"])
    assert dict(evaluate.judge(scene, question, question.answer)) == {"blank": True}


def test_the_table_has_a_row_a_task_and_says_how_many() -> None:
    scores = [{"read": [True, True, False, True]}, {"read": [False]}, {}]
    lines = evaluate.format_table(scores).splitlines()
    assert len(lines) == 2 + len(evaluate.LABELS)
    assert "| text, exact | 75 % of 4 | 0 % of 1 | - |" in lines


def test_samples_are_the_same_pictures_each_time_with_their_truths(world: World, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        evaluate.write_samples(world, tmp_path / folder)
    truths = json.loads((tmp_path / "a" / "truths.json").read_text(encoding="utf-8"))
    assert len(truths) == len(evaluate.SAMPLE_SIZES)
    for name, size in zip(truths, evaluate.SAMPLE_SIZES, strict=True):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        with Image.open(tmp_path / "a" / name) as picture:
            assert picture.size == size


@pytest.mark.parametrize("setting", evaluate.SETTINGS)
def test_settings_ask_for_a_detail_that_the_product_knows(setting: evaluate.Setting) -> None:
    assert setting.detail in ("low", "auto", "high") and setting.sizes
