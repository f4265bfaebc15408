"""What patches are labelled by is what the picture shows there."""

from dataclasses import replace

import numpy as np
import pytest

from tools.embedded.world.backgrounds import Background, sample_background
from tools.embedded.world.labels import (
    HALVES,
    HUES,
    IGNORE,
    NOT_LETTER,
    NOT_THING,
    NUMBERS,
    ORDINALS,
    label_background,
    label_cells,
    share_out,
    words_among,
)
from tools.embedded.world.scenes import SCALES, Knobs, Scene, Thing, World
from tools.embedded.world.sprites import NAMES
from tools.embedded.world.words import LETTERS

WHOLE = (0, 0, 128, 128)


def scenes_with_text(world: World, knobs: Knobs, lines: int = 1) -> list[Scene]:
    shown = [world.sample_scene(np.random.default_rng(seed), 128, 128, knobs) for seed in range(150)]
    return [scene for scene in shown if scene.text is not None and len(scene.text.lines) == lines]


def test_cells_name_the_thing_over_their_centre(world: World) -> None:
    for seed in range(60):
        scene = world.sample_scene(np.random.default_rng(seed), 128, 128, Knobs(text=0))
        things, _ = label_cells(scene, WHOLE, 8)
        if scene.kind == "mush":
            assert (things == IGNORE).all()
            continue
        pixels = np.asarray(world.draw(scene))
        numbers = {thing.name: sum(other.name == thing.name for other in scene.things) for thing in scene.things}
        assert all(number in (numbers[NAMES[label]], IGNORE) for label, number, _ in things if 0 <= label < NOT_THING)
        for cell, label in enumerate(things[:, 0]):
            centre = pixels[cell // 8 * 16 + 8, cell % 8 * 16 + 8]
            patch = pixels[cell // 8 * 16 : cell // 8 * 16 + 16, cell % 8 * 16 : cell % 8 * 16 + 16]
            if label == NOT_THING:
                assert not ((patch[..., 1] == 1) & (patch[..., 2] == 254)).any()
            elif label != IGNORE:
                assert tuple(centre) == (label, 1, 254)


@pytest.mark.parametrize("knobs", [Knobs(text=1, letter=0.25, longest=3), Knobs(text=1, letter=0.11, longest=8)])
def test_halves_of_patches_spell_the_word(world: World, knobs: Knobs) -> None:
    """A new letter begins where its place in the word changes; each says that place, and the colour of the text."""
    read = []
    for scene in scenes_with_text(world, knobs):
        _, letters = label_cells(scene, WHOLE, 8)
        rows = letters.reshape(8, 8 * HALVES, NUMBERS)
        line = max(rows, key=lambda row: int((row[:, 1] >= 0).sum()))
        spelled, placed, before = "", True, None
        for letter, place, _, ink in line[line[:, 1] >= 0]:
            assert scene.text is not None and HUES[ink] == scene.text.colour
            if place != before:
                spelled += LETTERS[letter]
                placed &= place == min(len(spelled), ORDINALS) - 1
            before = place
        read.append(scene.text is not None and spelled == scene.text.words)
        assert placed or not read[-1]
    assert len(read) > 50 and sum(read) > 0.9 * len(read)


@pytest.mark.parametrize(
    ("ends", "halves"),
    [
        ((7, 10, 24), ["0", "1", "2"]),  # the wide one has another half
        ((7, 10, 17), ["0", "", "1"]),  # it has not
        ((9, 12.5, 16), ["0", "1", ""]),  # of two narrow ones the first
        ((2, 5, 24), ["", "0", "12"]),
    ],
)
def test_a_letter_too_narrow_for_a_centre_has_the_nearest_half_that_can_be_spared(
    ends: tuple[float, ...], halves: list[str]
) -> None:
    over, _ = share_out(np.array([0, *ends[:-1]]), np.array(ends), np.array([4.0, 12.0, 20.0]), 1.0)
    assert ["".join(map(str, np.flatnonzero(shown))) for shown in over] == halves


def test_letters_of_a_second_line_are_of_a_second_word(world: World) -> None:
    scenes = scenes_with_text(world, Knobs(text=1, second=0.5), lines=2)
    for scene in scenes:
        _, letters = label_cells(scene, WHOLE, 8)
        rows = letters.reshape(8, 8 * HALVES, NUMBERS)
        numbers = [sorted({int(word) for word in row[:, 2] if word >= 0}) for row in rows]
        assert all(len(found) < 2 for found in numbers)
        assert [word for found in numbers for word in found] == sorted(word for found in numbers for word in found)
        assert {word for found in numbers for word in found} == {0, 1}
    assert len(scenes) > 30


def test_words_are_numbered_among_those_that_a_tile_shows() -> None:
    begins = np.array([1, 0, 1, 0, 0, 1])
    assert words_among(begins, np.array([True] * 6)).tolist() == [0, 0, 1, 1, 1, 2]
    assert words_among(begins, np.array([False, False, False, True, True, True])).tolist()[3:] == [0, 0, 1]


def test_a_background_s_colours_are_told_where_a_tile_reaches_them() -> None:
    fading = Background(("red", "blue"), ((215, 40, 40), (45, 90, 210)), vertical=False)
    red, blue = (HUES.index(name) for name in fading.names)
    scene = Scene(200, 100, "things", fading)
    assert label_background(scene, (0, 0, 200, 100), 200, 100).tolist() == [red, blue]
    assert label_background(scene, (0, 0, 100, 100), 200, 100).tolist() == [red, IGNORE]
    assert label_background(scene, (100, 0, 200, 100), 200, 100).tolist() == [IGNORE, blue]
    plain = Scene(200, 100, "things", Background(("red",), ((215, 40, 40),), vertical=False))
    assert label_background(plain, (100, 50, 200, 100), 200, 100).tolist() == [red, red]
    noise = Scene(200, 100, "mush", fading)
    assert label_background(noise, (0, 0, 200, 100), 200, 100).tolist() == [IGNORE, IGNORE]


def test_letters_are_named_where_their_ink_is_and_nowhere_else(world: World) -> None:
    for scene in scenes_with_text(world, Knobs(text=1, unknown=0)):
        if scene.things or len(scene.background.names) > 1:
            continue
        _, letters = label_cells(scene, WHOLE, 8)
        pixels = np.asarray(world.draw(scene)).astype(int)
        rows, columns = (np.abs(pixels - pixels[0, 0]).sum(axis=2) > 60).nonzero()
        named_rows, named_halves = (letters[..., 1] >= 0).reshape(8, 16).nonzero()
        assert rows.min() // 16 <= named_rows.min() and named_rows.max() <= rows.max() // 16
        assert abs(columns.min() - 8 * named_halves.min()) < 16 > abs(columns.max() - 8 * named_halves.max() - 7)


def test_letters_that_are_too_small_are_not_asked_for(world: World) -> None:
    scene = next(iter(scenes_with_text(world, Knobs(text=1))))
    _, letters = label_cells(scene, (0, 0, 1280, 1280), 8)
    assert set(np.unique(letters[..., 0])) == {IGNORE, NOT_LETTER}


def test_things_of_which_one_is_cut_off_are_not_counted() -> None:
    whole = Thing("cat", "google", 8, 8, 32, (0, 0))
    scene = Scene(128, 128, "group", sample_background(np.random.default_rng(0)), (whole, replace(whole, x=72)))
    for width, number in ((128, 2), (64, 1), (96, IGNORE)):
        things, _ = label_cells(scene, (0, 0, width, 128), 8)
        assert {told for label, told, _ in things.tolist() if 0 <= label < NOT_THING} == {number}


def test_a_lone_thing_s_size_is_told_of_whole_pictures(world: World) -> None:
    told = set()
    for seed in range(60):
        scene = world.sample_scene(np.random.default_rng(seed), 128, 128, Knobs(text=0, unknown=0))
        named = [label for label in label_cells(scene, WHOLE, 8)[0].tolist() if 0 <= label[0] < NOT_THING]
        sizes = {(NAMES[thing], size) for thing, _, size in named}
        said = {(thing.name, SCALES.index(thing.scale)) for thing in scene.things}
        assert sizes <= said
        told |= {size for _, size in sizes}
        assert (label_cells(scene, WHOLE, 8, whole=False)[0][:, 2] == IGNORE).all()
    assert told >= {0, 1, 2}
