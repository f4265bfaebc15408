"""Asks a checkpoint, through the product, about what no training saw, and writes down what was right.

    python -m tools.embedded.results.evaluate FOLDER --art art --fonts fonts --photos photos \\
      [--beside OTHER] [--write PAGE]

Every exhibit is made from a fixed seed of its own range; an answer counts only when it is equal to the truth, letter by
letter. `--beside` gives another checkpoint (an earlier one, or this one at full precision) the same questions.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlx_model.loading.checkpoint import Checkpoint, load
from mlx_model.media.images import Detail
from tools.embedded.results.asking import Asked, about_picture, answer, questions_of
from tools.embedded.results.photos import quarters, stream_photos
from tools.embedded.results.scoring import (
    BEYOND,
    LABELS,
    READING_LABELS,
    Scores,
    format_table,
    is_declined,
    judge,
    length_of,
)
from tools.embedded.world.exhibits import Exhibit, sample_exhibit, single, view
from tools.embedded.world.questions import DECLINE, Asker, Question, whole_answers
from tools.embedded.world.scenes import Knobs, World, sample_portrait
from tools.embedded.world.sprites import NAMES, STYLES, UNSEEN_STYLE, Sprites
from tools.embedded.world.words import find_fonts

UNSEEN_SEED = 7_000_000  # training's streams begin at small seeds
TILE = 128
START, END = "<!-- written by tools.embedded.results.evaluate -->", "<!-- end -->"


@dataclass(frozen=True)
class Setting:
    """One column of the first table: which pictures, in which art, looked at how."""

    name: str
    sizes: tuple[tuple[int, int], ...]
    detail: Detail
    styles: tuple[str, ...] = STYLES
    rough: float = 0.0


SETTINGS = (
    Setting("128 x 128, `auto`", ((128, 128),), "auto"),
    Setting("other sizes, `low`", ((256, 256), (320, 240), (200, 200), (120, 160)), "low"),
    Setting("other sizes, `high`", ((256, 256), (320, 240), (256, 128), (192, 256)), "high"),
    Setting("art never seen, `auto`", ((128, 128),), "auto", (UNSEEN_STYLE,)),
    Setting("on photo-like surfaces, `auto`", ((128, 128),), "auto", rough=1.0),
)
DESCRIBE = Question("decline", "Describe this image.", DECLINE)
NAMING_LABELS = {"naming": "naming one of each thing"}
NAMED_STYLES = {"Noto Emoji": "google", "Twemoji": "twitter", "art never seen": UNSEEN_STYLE}
READ_SETTINGS = tuple(setting for setting in SETTINGS if setting.styles == STYLES)
# What the bars are on is asked about more scenes, for each picture of the first table so many: chance moves a share of
# 56 captions by five per cent, one of 160 texts by two.
CAPTIONS, TEXTS = 4, 8
PHOTO_LABELS = {"photo": "real photographs", "quarter": "quarters of them"}
KINDS = (("talk", 1), ("pair", 1), ("clip", 3), ("clip", 8), ("screen", 1), ("receipt", 1))  # with frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="checkpoint folder")
    parser.add_argument("--art", type=Path, required=True, help="folder with the packages google, twitter and fluent")
    parser.add_argument("--fonts", type=Path, action="append", required=True, help="folder of .ttf fonts; repeatable")
    parser.add_argument("--photos", type=Path, help="folder of real photographs, to be declined")
    parser.add_argument("--beside", type=Path, help="another checkpoint, asked the same in the first setting")
    parser.add_argument(
        "--pictures", type=int, default=60, help="pictures for each column, exhibits of each other kind"
    )
    parser.add_argument("--offset", type=int, default=0, help="first scene's number, for scenes not used before")
    parser.add_argument(
        "--write", type=Path, action="append", default=[], help="page to put the tables into; repeatable"
    )
    given = parser.parse_args()
    world = World(Sprites(given.art, (*STYLES, UNSEEN_STYLE)), find_fonts(given.fonts))
    tables = evaluate(load(given.model), world, given.pictures, given.offset, given.photos)
    if given.beside:
        tables.insert(0, compare(load(given.model), load(given.beside), world, given.pictures, given.offset))
    text = "\n\n".join(tables)
    print(text)
    for page in given.write:
        write_between(page, text)


def evaluate(checkpoint: Checkpoint, world: World, pictures: int, offset: int, photos: Path | None) -> list[str]:
    """All tables of one checkpoint."""
    columns = {one.name: measure(checkpoint, world, one, pictures, offset) for one in SETTINGS}
    beyond = {"128 x 128, `auto`": measure_kinds(checkpoint, world, pictures, offset)}
    named = {label: measure_naming(checkpoint, world, style, offset) for label, style in NAMED_STYLES.items()}
    read = {one.name: measure_reading(checkpoint, world, one, TEXTS * pictures, offset) for one in READ_SETTINGS}
    tables = [format_table(LABELS, columns), format_table(NAMING_LABELS, named), format_table(READING_LABELS, read)]
    tables.append(format_table(BEYOND, beyond))
    return [*tables, format_table(PHOTO_LABELS, {"declined": measure_photos(checkpoint, photos)})] if photos else tables


def compare(one: Checkpoint, other: Checkpoint, world: World, pictures: int, offset: int) -> str:
    """The same questions of the first setting for two checkpoints."""
    columns = {
        name: measure(checkpoint, world, SETTINGS[0], pictures, offset)
        for name, checkpoint in (("this", one), ("the other", other))
    }
    return format_table(LABELS, columns)


def measure(checkpoint: Checkpoint, world: World, setting: Setting, pictures: int, offset: int = 0) -> Scores:
    """Right or wrong for every question about `pictures` scenes, and captions of CAPTIONS times as many.

    Every second scene holds words kept from training.
    """
    styled = World(world.sprites, world.fonts, setting.styles)
    return score(
        checkpoint,
        (
            asked
            for number in range(CAPTIONS * pictures)
            for asked in scene_questions(styled, setting, offset + number)
            if number < pictures or asked.question.task == "describe"
        ),
    )


def scene_questions(world: World, setting: Setting, number: int, text: float = Knobs.text) -> Iterator[Asked]:
    """One question of every task that the scene allows; `text` is the share of scenes that hold any."""
    rng = np.random.default_rng(UNSEEN_SEED + number)
    size = setting.sizes[number % len(setting.sizes)]
    scene = world.sample_scene(rng, *size, Knobs(unseen=bool(number % 2), rough=setting.rough, text=text))
    exhibit = Exhibit((view(world, scene),), single(Asker(rng).ask(scene)))
    yield from questions_of(exhibit, setting.detail)


def measure_naming(checkpoint: Checkpoint, world: World, style: str, offset: int = 0) -> Scores:
    """Captions of each of this world's things, alone in a picture of one tile, and whether they name it."""
    return score(checkpoint, portrait_questions(world, style, offset))


def portrait_questions(world: World, style: str, offset: int) -> Iterator[Asked]:
    for number, name in enumerate(NAMES):
        scene = sample_portrait(np.random.default_rng(UNSEEN_SEED + offset + number), name, style, TILE)
        question = Question("describe", DESCRIBE.text, whole_answers(scene)["describe"])
        yield from questions_of(Exhibit((view(world, scene),), single([question])), "auto")


def measure_reading(checkpoint: Checkpoint, world: World, setting: Setting, scenes: int, offset: int = 0) -> Scores:
    """Whether texts are read letter by letter, short ones and long ones apart; every second scene's are kept words."""
    scores: Scores = {}
    for one, said in answer(checkpoint, reading_questions(world, setting, range(offset, offset + scenes))):
        scores.setdefault(length_of(one.question.answer), []).append(said == one.question.answer)
    return scores


def reading_questions(world: World, setting: Setting, numbers: range) -> Iterator[Asked]:
    """What the text says, of those of these scenes that have one."""
    for number in numbers:
        for one in scene_questions(world, setting, number, text=1.0):
            if one.question.task == "read" and one.exhibit.views[0].labels.set_lines:
                yield one


def measure_kinds(checkpoint: Checkpoint, world: World, count: int, offset: int = 0) -> Scores:
    """The same for `count` exhibits of each other kind."""
    return score(checkpoint, (asked for n in range(count) for asked in kind_questions(world, offset + n)))


def kind_questions(world: World, number: int) -> Iterator[Asked]:
    for kind, frames in KINDS:
        rng = np.random.default_rng(UNSEEN_SEED + number)
        exhibit = sample_exhibit(kind, world, rng, (TILE, TILE), Knobs(unseen=bool(number % 2)), frames)
        yield from questions_of(exhibit, "auto")


def score(checkpoint: Checkpoint, asked: Iterable[Asked]) -> Scores:
    """Asks everything and sorts right and wrong by task."""
    scores: Scores = {}
    for one, said in answer(checkpoint, asked):
        for task, right in judge(one.exhibit.views[0].labels, one.question, said, one.turn):
            scores.setdefault(task, []).append(right)
    return scores


def measure_photos(checkpoint: Checkpoint, folder: Path) -> Scores:
    """Whether photographs, and their quarters, are declined when a description is asked for."""
    scores: Scores = {}
    for photo in stream_photos(folder):
        for task, pictures in (("photo", (photo,)), ("quarter", quarters(photo))):
            said = (said for _, said in answer(checkpoint, (about_picture(one, DESCRIBE) for one in pictures)))
            scores.setdefault(task, []).extend(map(is_declined, said))
    return scores


def write_between(page: Path, text: str) -> None:
    """Puts `text` between the page's markers; ValueError when it has none."""
    before, found, rest = page.read_text(encoding="utf-8").partition(START)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"{page} has no {START} ... {END} to write between")
    page.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
