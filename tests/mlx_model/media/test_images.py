"""Plans, tiles and what pixels alone can tell. That they equal the reference's is `tests/parity/test_pixels.py`'s."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from mlx_model.config import ImageConfig
from mlx_model.errors import DetailError, SmolsightError
from mlx_model.media.images import Plan, cut_tiles, is_blank, normalize, pixel_hash, plan, unique_tiles
from tests.picture_bytes import encode, noise, quarters

LARGE = ImageConfig(tile=512, longest_edge=2048, mean=(0.5,) * 3, std=(0.5,) * 3)
OLD = ImageConfig(tile=384, longest_edge=1536, mean=(0.5,) * 3, std=(0.5,) * 3)
SMALL = ImageConfig(tile=128, longest_edge=512, mean=(0.5, 0.4, 0.3), std=(0.5, 0.25, 0.2))


def grid(width: int, height: int, detail: Any, config: ImageConfig = LARGE) -> tuple[int, int]:
    found = plan(width, height, detail, config)
    return found.rows, found.cols


def test_high_is_thirteen_tiles_for_a_small_photo_as_in_the_reference() -> None:
    found = plan(640, 480, "high", LARGE)
    assert found == Plan(first_width=2048, first_height=1536, width=2048, height=1536, rows=3, cols=4)
    assert found.tiles == 13


@pytest.mark.parametrize(
    ("size", "detail", "expected"),
    [
        ((640, 480), "low", (0, 0)),
        ((640, 480), "auto", (0, 0)),
        ((768, 480), "auto", (2, 2)),  # 1.5 tiles are rounded up
        ((767, 480), "auto", (0, 0)),
        ((1, 1), "auto", (0, 0)),
        ((1600, 1600), "auto", (3, 3)),
        ((1, 20_000), "auto", (4, 1)),
        ((3024, 1964), "auto", (3, 4)),
        ((640, 480), 1, (0, 0)),
        ((640, 480), 2, (2, 2)),
        ((640, 480), 8, (6, 8)),
        ((1, 1), "high", (4, 4)),
    ],
)
def test_detail_decides_the_grid(size: tuple[int, int], detail: Any, expected: tuple[int, int]) -> None:
    assert grid(*size, detail) == expected


def test_auto_never_goes_beyond_high_and_then_is_high() -> None:
    for width, height in [(2048, 900), (5000, 3000), (20_000, 1)]:
        assert plan(width, height, "auto", LARGE) == plan(width, height, "high", LARGE)


def test_the_older_tile_of_384_pixels_follows_the_same_rule() -> None:
    assert grid(640, 480, "high", OLD) == (3, 4)
    assert grid(640, 480, "auto", OLD) == (2, 2)


def test_a_checkpoint_that_asks_for_more_than_4096_pixels_gets_4096() -> None:
    greedy = ImageConfig(tile=512, longest_edge=6144, mean=(0.5,) * 3, std=(0.5,) * 3)
    assert grid(3000, 1000, "high", greedy) == (3, 8)


@pytest.mark.parametrize("detail", [0, -1, 9, 10**9, 2.0, "2", "medium", None, True])
def test_an_impossible_detail_is_refused_with_the_possible_ones(detail: Any) -> None:
    with pytest.raises(DetailError, match=r"low, auto, high or a whole number from 1 to 8\.$") as caught:
        plan(640, 480, detail, LARGE)
    assert isinstance(caught.value, SmolsightError) and isinstance(caught.value, ValueError)


def test_the_largest_detail_follows_from_the_tile() -> None:
    assert plan(640, 480, 10, OLD).cols == 10
    with pytest.raises(DetailError, match="from 1 to 10"):
        plan(640, 480, 11, OLD)


def test_tiles_go_row_by_row_and_the_whole_comes_last() -> None:
    colours = [(0, 0, 0), (50, 0, 0), (100, 0, 0), (0, 50, 0), (0, 100, 0), (0, 150, 0)]
    image = Image.new("RGB", (3 * 128, 2 * 128))
    for place, colour in enumerate(colours):
        image.paste(colour, (place % 3 * 128, place // 3 * 128, place % 3 * 128 + 128, place // 3 * 128 + 128))
    found = plan(*image.size, 3, SMALL)
    tiles = cut_tiles(image, found, SMALL)
    assert (tiles.shape, tiles.dtype) == ((7, 128, 128, 3), np.uint8)
    assert [tuple(tile[64, 64]) for tile in tiles[:-1]] == colours
    assert tuple(tiles[-1][100, 20]) == colours[3]


def test_an_unsplit_picture_is_one_tile_and_not_tied_to_the_image() -> None:
    image = noise(128, 128)
    tiles = cut_tiles(image, plan(128, 128, 1, SMALL), SMALL)
    assert tiles.shape == (1, 128, 128, 3)
    assert np.array_equal(tiles[0], np.asarray(image))


def test_normalizing_treats_each_channel_by_its_own_mean_and_deviation() -> None:
    tiles = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    pixels = normalize(tiles, SMALL)
    assert (pixels.dtype, pixels.shape) == (np.float32, tiles.shape)
    assert np.abs(pixels - (tiles / 255 - SMALL.mean) / SMALL.std).max() < 1e-6


def test_equal_tiles_are_kept_once_in_order_of_appearance() -> None:
    white, black, grey = (np.full((4, 4, 3), level, np.uint8) for level in (255, 0, 128))
    tiles = np.stack([white, black, white, grey, black])
    distinct, index = unique_tiles(tiles)
    assert np.array_equal(distinct, np.stack([white, black, grey]))
    assert index.tolist() == [0, 1, 0, 2, 1]


def test_the_blank_margins_of_a_page_are_one_tile() -> None:
    page = Image.new("RGB", (1536, 2048), "white")
    page.paste(noise(300, 200), (600, 900))
    tiles = cut_tiles(page, plan(*page.size, "high", LARGE), LARGE)
    distinct, index = unique_tiles(tiles)
    assert len(tiles) == 13
    assert len(distinct) < 6
    assert np.array_equal(distinct[index], tiles)


def test_the_hash_is_of_the_pixels_and_the_size() -> None:
    image = quarters()
    assert pixel_hash(image) == pixel_hash(image.copy())
    assert pixel_hash(image) != pixel_hash(Image.frombytes("RGB", (48, 64), image.tobytes()))
    changed = image.copy()
    changed.putpixel((63, 47), (240, 220, 31))
    assert pixel_hash(image) != pixel_hash(changed)
    assert len(pixel_hash(image)) == 64


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#ffffff", "white"),
        ("#fafafa", "white"),
        ("#000000", "black"),
        ("#0a0a0a", "black"),
        ("#808080", "grey"),
        ("#404040", "dark grey"),
        ("#d3d3d3", "light grey"),
        ("#ff0000", "red"),
        ("#8b0000", "dark red"),
        ("#ffa500", "orange"),
        ("#ffff00", "yellow"),
        ("#008000", "dark green"),
        ("#00ff00", "green"),
        ("#90ee90", "light green"),
        ("#0000ff", "blue"),
        ("#000080", "dark blue"),
        ("#add8e6", "light blue"),
        ("#800080", "dark purple"),
        ("#a020f0", "purple"),
        ("#ffc0cb", "pink"),
        ("#8b4513", "brown"),
        ("#40e0d0", "turquoise"),
    ],
)
def test_a_picture_of_one_colour_is_blank_and_named(colour: str, name: str) -> None:
    assert is_blank(Image.new("RGB", (300, 200), colour)) == f"A blank {name} image."


def test_a_solid_fill_is_blank_after_jpeg_at_any_quality() -> None:
    for quality in (10, 50, 95):
        content = encode(Image.new("RGB", (301, 203), (200, 30, 60)), "JPEG", quality=quality)
        assert is_blank(Image.open(BytesIO(content)).convert("RGB")) == "A blank red image."


def test_faint_noise_is_blank() -> None:
    levels = np.random.default_rng(1).integers(247, 253, (200, 300, 3), dtype=np.uint8)
    assert is_blank(Image.fromarray(levels)) == "A blank white image."


def test_one_small_grey_word_on_a_large_page_is_not_blank() -> None:
    page = Image.new("RGB", (2000, 2000), "white")
    ImageDraw.Draw(page).text((1700, 1900), "exit", fill="#bbbbbb", font=ImageFont.load_default(12))
    assert is_blank(page) is None


def test_one_faint_line_is_not_blank() -> None:
    page = Image.new("RGB", (2000, 2000), "white")
    ImageDraw.Draw(page).line([(10, 10), (1990, 10)], fill="#f7f7f7")
    assert is_blank(page) is None


def test_a_gradient_is_not_blank() -> None:
    assert is_blank(Image.linear_gradient("L").convert("RGB")) is None
