"""Another hand draws the same thing: no larger, with the hue that its name may speak of, and the same each time."""

import colorsys
from dataclasses import replace

import numpy as np
from PIL import Image

from tools.embedded.world.looks import Look, sample_look

HEART = (220, 40, 40)


def drawn(look: Look) -> tuple[Image.Image, Image.Image]:
    return look.apply(Image.new("RGB", (40, 30), HEART), Image.new("L", (40, 30), 255))


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


def test_looks_differ_and_each_draws_the_same_twice() -> None:
    pictures = [drawn(look)[0].tobytes() for look in looks()]
    assert len(set(pictures)) > 55
    assert pictures == [drawn(look)[0].tobytes() for look in looks()]


def test_a_round_edge_is_bright_towards_the_light_and_dark_away_from_it() -> None:
    plain = replace(looks()[0], turn=0.0, stretch=(1.0, 1.0), bend=(0.0,) * 6, light=(0.0, 0.0), tint=(0.0,) * 3)
    plain = replace(plain, shine=(0.0, 0.0, 0.0), saturation=1.0, contrast=1.0, mirrored=False)
    alpha = Image.new("L", (40, 40), 0)
    alpha.paste(255, (8, 8, 32, 32))
    colours, _ = replace(plain, relief=(0.8, 0.0, 0.15)).apply(Image.new("RGB", (40, 40), (120, 120, 120)), alpha)
    row = np.asarray(colours)[20, :, 0].astype(int)
    assert row[9] < 105 and row[30] > 135 and abs(row[20] - 120) < 6
    flat, _ = replace(plain, relief=(0.0, 0.0, 0.0)).apply(Image.new("RGB", (40, 40), (120, 120, 120)), alpha)
    assert (np.asarray(flat)[12:28, 12:28] == 120).all()


def test_no_share_takes_nothing_from_the_random_stream() -> None:
    rng = np.random.default_rng(0)
    assert sample_look(rng, 0.0) is None
    assert rng.random() == np.random.default_rng(0).random()
