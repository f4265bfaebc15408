"""A change says what differs between before and after, and nothing else differs."""

import numpy as np
import pytest

from tools.embedded.world import clips, pairs
from tools.embedded.world.changes import KINDS, Change, sample_change, spot
from tools.embedded.world.scenes import Knobs, World


def changes(world: World, kind: str) -> list[Change]:
    return [sample_change(world, np.random.default_rng(seed), 128, 128, Knobs(), (kind,)) for seed in range(25)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_is_what_differs(world: World, kind: str) -> None:
    for change in changes(world, kind):
        before, after = ({thing.name: thing for thing in scene.things} for scene in (change.before, change.after))
        gone, new = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
        moved = [name for name in before.keys() & after.keys() if before[name].cell != after[name].cell]
        repainted = change.before.background != change.after.background
        assert (bool(gone), bool(new), bool(moved), repainted) == {
            "move": (False, False, True, False),
            "come": (False, True, False, False),
            "go": (True, False, False, False),
            "recolour": (True, True, False, False),
            "swap": (True, True, False, False),
            "repaint": (False, False, False, True),
            "stay": (False, False, False, False),
        }[kind]
        if kind == "move":
            start, goal = before[moved[0]], after[moved[0]]
            assert change.compared == f"The {moved[0]} moved from {spot(start)} to {spot(goal)}."
        if kind == "come":
            assert new[0] in change.happening and after[new[0]].place in change.happening
        if kind in ("go", "swap", "recolour"):
            assert change.compared.startswith(f"The {gone[0]} ")


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_differ_just_when_something_changes(world: World, kind: str) -> None:
    for change in changes(world, kind)[:5]:
        before, after = (world.draw(scene).tobytes() for scene in (change.before, change.after))
        assert (before == after) == (kind == "stay")


def test_no_two_things_share_a_place_after_a_change(world: World) -> None:
    for kind in KINDS:
        for change in changes(world, kind):
            assert len({thing.cell for thing in change.after.things}) == len(change.after.things)


@pytest.mark.parametrize("frames", [2, 3, 8])
def test_a_clip_begins_before_and_ends_after_its_change(world: World, frames: int) -> None:
    for seed in range(30):
        clip = clips.sample_clip(world, np.random.default_rng(seed), 128, 128, Knobs(), frames)
        assert len(clip.frames) == len(clip.seconds) == frames
        assert clip.frames[0] == clip.change.before and clip.frames[-1] == clip.change.after


def test_what_moves_comes_nearer_to_its_goal_with_every_frame(world: World) -> None:
    for change in changes(world, "move"):
        goal = next(thing for thing in change.after.things if thing.name == change.subject)
        away = []
        for scene in clips.play(change, np.random.default_rng(0), 6):
            thing = next(thing for thing in scene.things if thing.name == change.subject)
            assert 0 <= thing.x <= 128 - thing.size and 0 <= thing.y <= 128 - thing.size
            away.append(abs(thing.x - goal.x) + abs(thing.y - goal.y))
        assert away == sorted(away, reverse=True) and away[-1] == 0


def test_questions_about_a_clip_are_answered_by_its_last_frame(world: World) -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        clip = clips.sample_clip(world, rng, 128, 128, Knobs(), 3)
        answers = {question.text: question.answer for question in clips.ask(clip, rng)}
        listed = answers["What is in the last frame?"].lower()
        assert all(thing.name in listed for thing in clip.frames[-1].things)
        moves = answers.get("Does anything move?")
        assert moves is None or (moves == "Yes.") == (clip.change.kind == "move")


def test_pairs_are_the_same_only_when_nothing_changed(world: World) -> None:
    for kind in KINDS:
        change = changes(world, kind)[0]
        answers = {question.task: question.answer for question in pairs.ask(change, np.random.default_rng(1))}
        assert answers["same"] == ("Yes." if kind == "stay" else "No.")
        assert (answers["changed"] == "Nothing changed.") == (kind == "stay")
