"""The truth that a scene states is what its picture shows."""

import numpy as np
import pytest

from tools.embedded.world.backgrounds import COLOURS, JITTER, sample_background
from tools.embedded.world.scenes import PLACES, Knobs, Scene, World, brightness
from tools.embedded.world.sprites import NAMES
from tools.embedded.world.words import NARROW, UNSEEN, sample_word

SIZES = ((128, 128), (256, 128), (120, 160), (640, 480))


def sample(world: World, seed: int, knobs: Knobs | None = None) -> Scene:
    size = SIZES[seed % len(SIZES)]
    return world.sample_scene(np.random.default_rng(seed), *size, knobs or Knobs())


def test_the_same_seed_gives_the_same_scene_and_pixels(world: World) -> None:
    for seed in range(30):
        first, second = sample(world, seed), sample(world, seed)
        assert first == second
        assert world.draw(first).tobytes() == world.draw(second).tobytes()


def test_things_stand_in_their_places_without_touching(world: World) -> None:
    for seed in range(300):
        scene = sample(world, seed)
        for thing in scene.things:
            assert thing.x >= 0 and thing.x + thing.size <= scene.width
            assert thing.y >= 0 and thing.y + thing.size <= scene.height
            if thing.scale != "large":
                row = int((thing.y + thing.size / 2) / scene.height * 3)
                column = int((thing.x + thing.size / 2) / scene.width * 3)
                assert thing.place == PLACES[row][column]
        assert len({thing.cell for thing in scene.things}) == len(scene.things)


def test_as_many_things_are_drawn_as_a_group_counts(world: World) -> None:
    counted = 0
    for seed in range(400):
        scene = world.sample_scene(np.random.default_rng(seed), 128, 128, Knobs(text=0))
        if scene.kind != "group":
            continue
        pixels = np.asarray(world.draw(scene))
        number = NAMES.index(scene.things[0].name)
        drawn = (pixels == (number, 1, 254)).all(axis=-1).sum() / scene.things[0].size ** 2
        assert drawn == pytest.approx(len(scene.things), abs=0.15)  # neighbours may overlap by a pixel or two
        counted += 1
    assert counted > 50


def test_plain_backgrounds_have_the_colour_that_is_stated(world: World) -> None:
    for seed in range(200):
        scene = sample(world, seed)
        if scene.kind == "blank" and len(scene.background.names) == 1:
            pixel = np.asarray(world.draw(scene)).astype(int)[0, 0]
            assert np.abs(pixel - COLOURS[scene.background.names[0]]).max() <= JITTER


def test_a_photo_like_surface_keeps_the_colour_that_it_is_called_by() -> None:
    rough = 0
    for seed in range(60):
        background = sample_background(np.random.default_rng(seed), fading=0, rough=0.5)
        pixels = np.asarray(background.paint(96, 64)).astype(int).reshape(-1, 3)
        assert np.array_equal(pixels, np.asarray(background.paint(96, 64)).reshape(-1, 3))
        if background.surface is None:
            assert np.ptp(pixels, axis=0).max() == 0
            continue
        rough += 1
        assert np.ptp(pixels, axis=0).max() > 10
        mean = pixels.mean(axis=0)
        assert min(COLOURS, key=lambda name: np.abs(mean - COLOURS[name]).sum()) == background.names[0]
    assert 15 < rough < 45


def test_only_scenes_that_ask_for_it_stand_before_a_photo_like_surface(world: World) -> None:
    assert all(sample(world, seed).background.surface is None for seed in range(50))
    assert any(sample(world, seed, Knobs(rough=1)).background.surface is not None for seed in range(50))


def test_fading_backgrounds_go_from_the_first_colour_to_the_second(world: World) -> None:
    faded = 0
    for seed in range(200):
        scene = sample(world, seed)
        if len(scene.background.rgb) == 2:
            pixels = np.asarray(scene.background.paint(40, 30)).astype(int)
            assert np.abs(pixels[0, 0] - scene.background.rgb[0]).max() <= 1
            assert np.abs(pixels[-1, -1] - scene.background.rgb[1]).max() <= 1
            faded += 1
    assert faded > 20


def test_text_lies_inside_the_picture_and_stands_out(world: World) -> None:
    seen = 0
    for seed in range(300):
        scene = sample(world, seed)
        if scene.text is None:
            continue
        seen += 1
        for line, (x, y) in zip(scene.text.lines, scene.text.corners, strict=True):
            assert x >= 0 and y >= 0
            assert x + line.width <= scene.width + 1 and y + line.height <= scene.height + 1
        middle = scene.text.corners[0][1] + sum(line.height for line in scene.text.lines) / 2
        assert abs(middle / scene.height * 3 - 0.5 - scene.text.row) < 0.75
        ground = [brightness(COLOURS[name]) for name in scene.background.names]
        assert max(abs(brightness(COLOURS[scene.text.colour]) - light) for light in ground) > 85
    assert seen > 80


def test_words_kept_from_training_appear_only_when_asked_for(world: World) -> None:
    for seed in range(150):
        usual, kept = sample(world, seed, Knobs(text=1)), sample(world, seed, Knobs(text=1, unseen=True))
        if usual.text is not None:
            assert not UNSEEN & set(usual.text.words.split())
        if kept.text is not None:
            assert set(kept.text.words.split()) <= UNSEEN


def test_a_share_of_words_is_in_no_order_and_many_of_its_letters_are_narrow() -> None:
    rng = np.random.default_rng(0)
    words = [sample_word(rng, 8, jumbled=1.0) for _ in range(600)]
    numbers = [word for word in words if word.isdigit()]
    letters = "".join(word for word in words if not word.isdigit())
    assert 150 < len(numbers) < 250 and set("".join(numbers)) == set("0123456789")
    assert 0.4 < sum(letter in NARROW for letter in letters) / len(letters) < 0.6
    assert {len(word) for word in words} == set(range(2, 9))
