"""Pixels equal the reference's. `python -m tools.parity.pixels` writes pixels.json; a second test asks it live."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlx_model.media.images import cut_tiles, normalize, plan
from tests.parity.pixel_cases import CASES, PixelCase, draw, sample_places

STORED = json.loads((Path(__file__).parent / "pixels.json").read_text(encoding="utf-8"))


def test_every_case_is_stored() -> None:
    assert [PixelCase(*stored["case"]) for stored in STORED] == list(CASES)


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: "-".join(map(str, stored["case"])))
def test_tiles_and_normalised_values_equal_the_stored_ones(stored: dict[str, Any]) -> None:
    case = PixelCase(*stored["case"])
    cut = plan(case.width, case.height, case.detail, case.config)
    assert ([cut.rows, cut.cols], cut.tiles) == (stored["grid"], stored["tiles"])
    tiles = cut_tiles(draw(case.width, case.height), cut, case.config)
    assert hashlib.sha256(tiles.tobytes()).hexdigest() == stored["sha256"]
    pixels = normalize(tiles, case.config)
    samples = [pixels.flat[place] for place in sample_places(pixels.size)]
    assert samples == pytest.approx(stored["samples"], abs=1e-6)


@pytest.mark.slow
def test_random_sizes_and_details_give_what_transformers_gives() -> None:
    pytest.importorskip("transformers")
    from tools.parity.pixels import reference_pixels

    chance = random.Random(11)
    for _ in range(40):
        tile = chance.choice([64, 100, 128, 378])
        case = PixelCase(
            chance.randint(1, 900),
            chance.randint(1, 900),
            tile,
            longest_edge=tile * chance.randint(1, 5),
            detail=chance.choice(["high", "low", *range(1, 6)]),
        )
        image = draw(case.width, case.height)
        expected, rows, cols = reference_pixels(image, case)
        cut = plan(case.width, case.height, case.detail, case.config)
        assert (cut.rows, cut.cols) == (rows, cols), case
        pixels = normalize(cut_tiles(image, cut, case.config), case.config)
        assert np.abs(pixels - expected).max() < 1e-6, case
