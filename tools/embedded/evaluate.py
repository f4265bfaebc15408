"""Asks the shipped checkpoint, through the product, about scenes that no training saw, and prints what was right.

Every picture is made from a fixed seed of its own range; an answer counts only when it is equal to the truth, letter by
letter. `--samples` writes the first pictures of another fixed seed with their truths, misses and hits alike.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlx_model.answering.answer import stream_answer
from mlx_model.events import Answered
from mlx_model.loading.checkpoint import Checkpoint, load
from mlx_model.media.images import Detail
from mlx_model.prompting.prompt import Message, Picture, Text
from mlx_model.request import Request
from tools.embedded.questions import Asker, Question, whole_answers
from tools.embedded.scenes import Knobs, Scene, World
from tools.embedded.sprites import Sprites
from tools.embedded.words import find_fonts

UNSEEN_SEED = 7_000_000  # training's streams begin at small seeds
SAMPLE_SEED = 9_000_000
SAMPLE_SIZES = ((256, 256), (128, 128), (256, 192), (256, 256), (128, 128))
LABELS = {
    "describe": "caption, exact",
    "alt": "alt text, exact",
    "short": "short caption, exact",
    "list": "list of things, exact",
    "read": "text, exact",
    "no_text": "says that there is no text",
    "naming": "naming a single thing",
    "count": "count",
    "where": "where is a thing",
    "where_text": "where is the text",
    "at": "what is at a place",
    "background": "background colour",
    "text_colour": "text colour",
    "thing_colour": "a thing's colour",
    "size": "size",
    "is_there": "is there a thing",
    "any_text": "is there text",
    "blank": "empty pictures, caption",
    "decline": "declines noise and mush",
}


@dataclass(frozen=True)
class Setting:
    """One column of the table: which pictures, looked at how."""

    name: str
    sizes: tuple[tuple[int, int], ...]
    detail: Detail


SETTINGS = (
    Setting("128 x 128, one tile", ((128, 128),), "auto"),
    Setting("other sizes, one tile", ((256, 256), (320, 240), (200, 200), (120, 160)), "low"),
    Setting("other sizes, split", ((256, 256), (320, 240), (256, 128), (192, 256)), "high"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="checkpoint folder")
    parser.add_argument("--art", type=Path, required=True, help="folder with google/ and twitter/ packages unpacked")
    parser.add_argument("--fonts", type=Path, action="append", required=True, help="folder of .ttf fonts; repeatable")
    parser.add_argument("--pictures", type=int, default=150, help="pictures for each column of the table")
    parser.add_argument("--samples", type=Path, help="write the sample pictures into this folder instead")
    given = parser.parse_args()
    world = World(Sprites(given.art), find_fonts(given.fonts))
    if given.samples:
        write_samples(world, given.samples)
        return
    checkpoint = load(given.model)
    scores = [measure(checkpoint, world, setting, given.pictures) for setting in SETTINGS]
    print(format_table(scores))


def write_samples(world: World, folder: Path) -> None:
    """The sample pictures as PNG, and truths.json: file name -> right caption."""
    folder.mkdir(parents=True, exist_ok=True)
    truths = {}
    for number, size in enumerate(SAMPLE_SIZES):
        scene = world.sample_scene(np.random.default_rng(SAMPLE_SEED + number), *size, Knobs())
        name = f"scene-{number + 1}.png"
        world.draw(scene).save(folder / name, optimize=True)
        truths[name] = whole_answers(scene)["describe"]
    (folder / "truths.json").write_text(json.dumps(truths, indent=2) + "\n", encoding="utf-8")


def measure(checkpoint: Checkpoint, world: World, setting: Setting, pictures: int) -> dict[str, list[bool]]:
    """Right or wrong for every question about `pictures` scenes, by task."""
    scores: dict[str, list[bool]] = {}
    for number in range(pictures):
        rng = np.random.default_rng(UNSEEN_SEED + number)
        size = setting.sizes[number % len(setting.sizes)]
        scene = world.sample_scene(rng, *size, Knobs(unseen=bool(number % 2)))
        picture = Picture(world.draw(scene))
        for question in Asker(rng).ask(scene):
            said = ask(checkpoint, picture, question.text, setting.detail)
            for task, right in judge(scene, question, said):
                scores.setdefault(task, []).append(right)
    return scores


def ask(checkpoint: Checkpoint, picture: Picture, question: str, detail: Detail) -> str:
    """The product's greedy answer."""
    request = Request((Message("user", (picture, Text(question))),), detail, max_tokens=80)
    for event in stream_answer(checkpoint, request):
        if isinstance(event, Answered):
            return event.answer.text.strip()
    raise AssertionError("stream_answer ends with Answered")


def judge(scene: Scene, question: Question, said: str) -> Iterator[tuple[str, bool]]:
    """The tasks that an answer counts for: its own, and what a caption shows beside."""
    right = said == question.answer
    if question.task == "read":
        yield ("read" if scene.text else "no_text"), right
        return
    if question.task != "describe":
        yield question.task, right
        return
    yield ("blank" if scene.kind == "blank" else "describe"), right
    if len(scene.things) == 1:
        yield "naming", f" {scene.things[0].name} " in f" {said.replace('.', ' ')} "


def format_table(scores: list[dict[str, list[bool]]]) -> str:
    """A Markdown table: a row a task, a column a setting, per cent right of how many."""
    lines = ["| task | " + " | ".join(setting.name for setting in SETTINGS) + " |", "|---" * (len(SETTINGS) + 1) + "|"]
    for task, label in LABELS.items():
        cells = [score.get(task, []) for score in scores]
        shown = [f"{100 * sum(cell) / len(cell):.0f} % of {len(cell)}" if cell else "-" for cell in cells]
        lines.append(f"| {label} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
