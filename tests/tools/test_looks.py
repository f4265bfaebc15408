"""Another hand draws the same thing: no larger, in the hue its name may speak of or any, and the same each time."""

import colorsys
from dataclasses import replace

import numpy as np
from PIL import Image

from tools.embedded.world.looks import Look, sample_look, turned

HEART = (220, 40, 40)


def drawn(look: Look, name: str = "red heart") -> tuple[Image.Image, Image.Image]:
    return look.apply(name, Image.new("RGB", (40, 30), HEART), Image.new("L", (40, 30), 255))


def looks() -> list[Look]:
    found = [sample_look(np.random.default_rng(seed), 1.0) for seed in range(60)]
    return [look for look in found if look is not None]


def test_a_thing_keeps_its_hue_and_stays_within_its_size() -> None:
    assert len(looks()) == 60
    for look in looks():
        colours, alpha = drawn(look)
        assert colours.size == alpha.size and colours.width <= 40 and colours.height <= 30
        pixels = np.asarray(colours)[np.asarray(alpha) > 200]
        hue, _, _ = colorsys.rgb_to_hsv(*(pixels.mean(axis=0) / 255))
        assert min(hue, 1 - hue) < 0.03


def test_what_comes_in_any_colour_has_another_hue_in_every_second_look() -> None:
    other = [look for look in looks() if drawn(look, "car")[0].tobytes() != drawn(look)[0].tobytes()]
    assert 20 < len(other) < 40
    assert other == [look for look in looks() if look.hue]


def test_a_hue_turns_all_the_way_round_and_leaves_greys_alone() -> None:
    red, grey = np.array((200, 0, 0), dtype=np.float32), np.array((90, 90, 90), dtype=np.float32)
    np.testing.assert_allclose(red @ turned(120), (0, 200, 0), atol=0.01)
    np.testing.assert_allclose(red @ turned(240), (0, 0, 200), atol=0.01)
    np.testing.assert_allclose(red @ turned(360), red, atol=0.01)
    np.testing.assert_allclose(grey @ turned(77), grey, atol=0.01)


def test_looks_differ_and_each_draws_the_same_twice() -> None:
    pictures = [drawn(look)[0].tobytes() for look in looks()]
    assert len(set(pictures)) > 55
    assert pictures == [drawn(look)[0].tobytes() for look in looks()]


def test_a_round_edge_is_bright_towards_the_light_and_dark_away_from_it() -> None:
    plain = replace(looks()[0], turn=0.0, stretch=(1.0, 1.0), bend=(0.0,) * 6, light=(0.0, 0.0), tint=(0.0,) * 3)
    plain = replace(plain, shine=(0.0, 0.0, 0.0), saturation=1.0, contrast=1.0, mirrored=False)
    alpha = Image.new("L", (40, 40), 0)
    alpha.paste(255, (8, 8, 32, 32))
    colours, _ = replace(plain, relief=(0.8, 0.0, 0.15)).apply(
        "dog", Image.new("RGB", (40, 40), (120, 120, 120)), alpha
    )
    row = np.asarray(colours)[20, :, 0].astype(int)
    assert row[9] < 105 and row[30] > 135 and abs(row[20] - 120) < 6
    flat, _ = replace(plain, relief=(0.0, 0.0, 0.0)).apply("dog", Image.new("RGB", (40, 40), (120, 120, 120)), alpha)
    assert (np.asarray(flat)[12:28, 12:28] == 120).all()


def test_no_share_takes_nothing_from_the_random_stream() -> None:
    rng = np.random.default_rng(0)
    assert sample_look(rng, 0.0) is None
    assert rng.random() == np.random.default_rng(0).random()
