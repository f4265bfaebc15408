"""What is shown at once, with the conversations that may be had about it: a picture, two pictures, or a clip's frames.

Every kind of picture in this world becomes an exhibit here, so batches and evaluation need not know what it shows.
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from tools.embedded.world import clips, pages, pairs, receipts, relations, screens
from tools.embedded.world.changes import sample_change
from tools.embedded.world.dialogues import Turns, sample_dialogue, unknowable
from tools.embedded.world.drills import drill
from tools.embedded.world.labels import Labelled
from tools.embedded.world.questions import Asker, Question
from tools.embedded.world.scenes import Knobs, Scene, World

CHANGED = 0.65  # share of pairs that differ


@dataclass(frozen=True)
class View:
    """One picture, and what its patches can be labelled by."""

    picture: Image.Image
    labels: Labelled


@dataclass(frozen=True)
class Exhibit:
    """`seconds` are the frames' times, for a clip alone. A conversation has one question or several in turn.

    change: which of `changes.KINDS` the last view shows of the first.
    """

    views: tuple[View, ...]
    conversations: tuple[Turns, ...]
    seconds: tuple[float, ...] = ()
    change: str = ""

    @property
    def duration(self) -> float:
        return self.seconds[-1] + 1.0 if self.seconds else 0.0


def sample_exhibit(
    kind: str, world: World, rng: np.random.Generator, size: tuple[int, int], knobs: Knobs, frames: int = 1
) -> Exhibit:
    """One of `kind`: scene, talk, screen, receipt, page, pair or clip. KeyError names another."""
    return MAKERS[kind](world, rng, size, knobs, frames)


def show_scene(world: World, rng: np.random.Generator, size: tuple[int, int], knobs: Knobs, _: int) -> Exhibit:
    """A scene with the first edition's tasks and drills."""
    scene = world.sample_scene(rng, *size, knobs)
    asker = Asker(rng)
    return Exhibit((view(world, scene),), single(asker.ask(scene) + drill(asker, scene)))


def show_talk(world: World, rng: np.random.Generator, size: tuple[int, int], knobs: Knobs, _: int) -> Exhibit:
    """A scene with a follow-up, relations, and what cannot be told."""
    scene = world.sample_scene(rng, *size, replace(knobs, unknown=0.0))
    asker = Asker(rng)
    talks = (sample_dialogue(scene, asker), sample_dialogue(scene, asker), (unknowable(scene, rng),))
    return Exhibit((view(world, scene),), single(relations.ask(scene, rng)) + talks)


def show_screen(world: World, rng: np.random.Generator, size: tuple[int, int], _: Knobs, __: int) -> Exhibit:
    screen = screens.sample_screen(rng, world.fonts, *size)
    shown = screens.draw(screen, rng)
    return Exhibit((View(shown.picture, shown),), single(screens.ask(screen, rng)))


def show_receipt(world: World, rng: np.random.Generator, size: tuple[int, int], _: Knobs, __: int) -> Exhibit:
    receipt = receipts.sample_receipt(rng, world.fonts, *size)
    shown = receipts.draw(receipt, rng)
    return Exhibit((View(shown.picture, shown),), single(receipts.ask(receipt, rng)))


def show_page(world: World, rng: np.random.Generator, size: tuple[int, int], _: Knobs, __: int) -> Exhibit:
    page = pages.sample_page(world, rng, *size)
    return Exhibit((view(world, page),), single(pages.ask(page, rng)))


def show_pair(world: World, rng: np.random.Generator, size: tuple[int, int], knobs: Knobs, _: int) -> Exhibit:
    kinds = () if rng.random() < CHANGED else ("stay",)
    change = sample_change(world, rng, *size, knobs, kinds)
    views = view(world, change.before), view(world, change.after)
    return Exhibit(views, single(pairs.ask(change, rng)), change=change.kind)


def show_clip(world: World, rng: np.random.Generator, size: tuple[int, int], knobs: Knobs, frames: int) -> Exhibit:
    clip = clips.sample_clip(world, rng, *size, knobs, frames)
    views = tuple(view(world, frame) for frame in clip.frames)
    return Exhibit(views, single(clips.ask(clip, rng)), clip.seconds, clip.change.kind)


MAKERS = {
    "scene": show_scene,
    "talk": show_talk,
    "screen": show_screen,
    "receipt": show_receipt,
    "page": show_page,
    "pair": show_pair,
    "clip": show_clip,
}


def view(world: World, scene: Scene) -> View:
    return View(world.draw(scene), scene)


def single(questions: list[Question]) -> tuple[Turns, ...]:
    """Each question as a conversation of its own."""
    return tuple((question,) for question in questions)
