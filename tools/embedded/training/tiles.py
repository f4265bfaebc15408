"""From a picture to tiles and the prompt's image part, as the reference's processor does it.

The geometry mirrors transformers' Idefics3 image processor: LANCZOS to the long edge, LANCZOS to whole tiles, tiles row
by row, the whole picture in one tile last.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

LANCZOS = Image.Resampling.LANCZOS


@dataclass(frozen=True)
class Tiled:
    """Tiles [T, 3, tile, tile] as uint8, the part of the picture that each shows, and the grid (0, 0: not split)."""

    pixels: np.ndarray
    regions: tuple[tuple[float, float, float, float], ...]
    rows: int
    columns: int


def cut_tiles(picture: Image.Image, long_edge: int, tile: int) -> Tiled:
    """Splits as `high` does for size.longest_edge = long_edge; a picture that fits one tile stays whole."""
    width, height = picture.size
    resized = picture.resize(scaled_size(width, height, long_edge), LANCZOS)
    whole = resized.resize(whole_tiles(*resized.size, tile), LANCZOS)
    rows, columns = whole.height // tile, whole.width // tile
    if rows * columns == 1:
        return Tiled(to_array(whole)[None], ((0, 0, width, height),), 0, 0)
    pixels, regions = [], []
    for row in range(rows):
        for column in range(columns):
            pixels.append(to_array(whole.crop((column * tile, row * tile, (column + 1) * tile, (row + 1) * tile))))
            x, y = width / columns, height / rows
            regions.append((column * x, row * y, (column + 1) * x, (row + 1) * y))
    pixels.append(to_array(whole.resize((tile, tile), LANCZOS)))
    regions.append((0, 0, width, height))
    return Tiled(np.stack(pixels), tuple(regions), rows, columns)


def one_tile(picture: Image.Image, long_edge: int, tile: int) -> Tiled:
    """The whole picture in one tile, as with splitting off."""
    width, height = picture.size
    if (width, height) != (tile, tile):
        picture = picture.resize(scaled_size(width, height, long_edge), LANCZOS).resize((tile, tile), LANCZOS)
    return Tiled(to_array(picture)[None], ((0, 0, width, height),), 0, 0)


def scaled_size(width: int, height: int, long_edge: int) -> tuple[int, int]:
    """Long side to long_edge, the other cut to a whole number and made even."""
    if width >= height:
        other = int(long_edge / (width / height))
        return long_edge, max(1, other + other % 2)
    other = int(long_edge * (width / height))
    return max(1, other + other % 2), long_edge


def whole_tiles(width: int, height: int, tile: int) -> tuple[int, int]:
    """Long side up to the next multiple of the tile, the other in proportion and then up to its next multiple."""
    ratio = width / height
    if width >= height:
        width = -(-width // tile) * tile
        height = -(-int(width / ratio) // tile) * tile
    else:
        height = -(-height // tile) * tile
        width = -(-int(height * ratio) // tile) * tile
    return width, height


def to_array(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture, dtype=np.uint8).transpose(2, 0, 1)


def image_prompt(rows: int, columns: int, tokens: int) -> str:
    """The placeholders of one picture: `tokens` image tokens a tile, row and column tags, the whole picture last."""
    placeholders = "<image>" * tokens
    text = ""
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            text += f"<fake_token_around_image><row_{row}_col_{column}>{placeholders}"
        text += "\n"
    lead = "\n" if rows else ""
    return f"{text}{lead}<fake_token_around_image><global-img>{placeholders}<fake_token_around_image>"
