"""A picture -> tiles: how many, in which grid, and their pixels.

Mirrors transformers 5.23's `image_processing_pil_smolvlm.py` number for number, its rounding and its two LANCZOS
resizes included, but stays in uint8 to the end: identical tiles can be told apart by their bytes, and the normalised
floats are made once, at the encoder's door. Knows neither files nor MLX.

The first resize brings the long edge to `longest_edge`, the second brings both edges to whole tiles (the canvas).
"""

import hashlib
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from mlx_model.config import MAX_EDGE, ImageConfig
from mlx_model.errors import DetailError
from mlx_model.media import lanczos
from mlx_model.media.colour_names import name_colour

Detail = Literal["low", "auto", "high"] | int

# Levels between a channel's extremes that still count as one colour: what JPEG makes of a solid fill, and less than
# the faintest text that is seen (#f7f7f7 on white differs by 8).
BLANK_RANGE = 6


@dataclass(frozen=True)
class Plan:
    """What a picture becomes. Sizes in pixels; `rows` and `cols` are 0 when the whole is seen in one tile."""

    first_width: int
    first_height: int
    width: int
    height: int
    rows: int
    cols: int

    @property
    def tiles(self) -> int:
        """Tiles to encode, the global one included."""
        return self.rows * self.cols + 1


def plan(width: int, height: int, detail: Detail, config: ImageConfig) -> Plan:
    """How a picture of `width` x `height` pixels is cut at this detail. Does no work and needs no pixels.

    Raises DetailError (a ValueError: the request is wrong, not the picture) for a detail that is not a word of
    `Detail` or a whole number from 1 to as many tiles as fit into MAX_EDGE.
    """
    first_width, first_height = _first_size(width, height, _longest_edge(width, height, detail, config))
    tile = config.tile
    if detail == "low":
        return Plan(first_width, first_height, tile, tile, rows=0, cols=0)
    canvas_width, canvas_height = _canvas_size(first_width, first_height, tile)
    rows, cols = canvas_height // tile, canvas_width // tile
    if rows == cols == 1:
        rows = cols = 0
    return Plan(first_width, first_height, canvas_width, canvas_height, rows, cols)


def _longest_edge(width: int, height: int, detail: Detail, config: ImageConfig) -> int:
    if detail in ("low", "high"):
        return config.longest_edge
    if detail == "auto":
        wanted = math.floor(max(width, height) / config.tile + 0.5)
        return config.longest_edge if wanted >= config.high else max(wanted, 1) * config.tile
    most = MAX_EDGE // config.tile
    if isinstance(detail, bool) or not isinstance(detail, int) or not 1 <= detail <= most:
        raise DetailError(
            f"Detail {detail!r} is not possible: with tiles of {config.tile} pixels it is low, auto, high "
            f"or a whole number from 1 to {most}."
        )
    return detail * config.tile


def _first_size(width: int, height: int, longest_edge: int) -> tuple[int, int]:
    """The reference's `get_resize_output_image_size`: the long edge fitted, the other made even, the cap."""
    aspect = width / height
    if width >= height:
        width, height = longest_edge, int(longest_edge / aspect)
        height += height % 2
    else:
        width, height = int(longest_edge * aspect), longest_edge
        width += width % 2
    width, height = max(width, 1), max(height, 1)

    aspect = width / height
    if width >= height and width > MAX_EDGE:
        width, height = MAX_EDGE, int(MAX_EDGE / aspect)
    elif height > width and height > MAX_EDGE:
        width, height = int(MAX_EDGE * aspect), MAX_EDGE
    return max(width, 1), max(height, 1)


def _canvas_size(width: int, height: int, tile: int) -> tuple[int, int]:
    """The reference's `resize_for_vision_encoder`: the long edge up to whole tiles, then the other after it."""
    aspect = width / height
    if width >= height:
        width = math.ceil(width / tile) * tile
        height = math.ceil(int(width / aspect) / tile) * tile
    else:
        height = math.ceil(height / tile) * tile
        width = math.ceil(int(height * aspect) / tile) * tile
    return width, height


def cut_tiles(image: Image.Image, plan: Plan, config: ImageConfig) -> np.ndarray:
    """An RGB `image` as uint8 [tiles, tile, tile, 3]: row by row, the global image last."""
    tile = config.tile
    canvas = lanczos.resize(lanczos.resize(image, plan.first_width, plan.first_height), plan.width, plan.height)
    if plan.tiles == 1:
        return np.asarray(canvas)[None]
    tiles = np.empty((plan.tiles, tile, tile, 3), np.uint8)
    corners = [(x, y) for y in range(0, plan.height, tile) for x in range(0, plan.width, tile)]
    with ThreadPoolExecutor(1) as pool:
        whole = pool.submit(lanczos.resize, canvas, tile, tile)
        for place, (x, y) in enumerate(corners):
            tiles[place] = np.asarray(canvas.crop((x, y, x + tile, y + tile)))
        tiles[-1] = np.asarray(whole.result())
    return tiles


def normalize(tiles: np.ndarray, config: ImageConfig) -> np.ndarray:
    """uint8 [..., tile, tile, 3] -> float32 of the same shape: (x / 255 - mean) / std."""
    width = tiles.shape[-2]
    # A whole row at a time: NumPy is ten times slower over an inner axis of three.
    mean = np.tile(np.array(config.mean, np.float32), width)
    std = np.tile(np.array(config.std, np.float32), width)
    pixels = tiles.reshape(*tiles.shape[:-2], width * 3) / np.float32(255)
    pixels -= mean
    pixels /= std
    return pixels.reshape(tiles.shape)


def unique_tiles(tiles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different ones among `tiles` [T, ...] in order of appearance [D, ...], and int [T]: which one each tile is.

    `distinct[index]` is `tiles` again. A page's blank margins are encoded once that way.
    """
    places: dict[bytes, int] = {}
    index = np.array([places.setdefault(tile.tobytes(), len(places)) for tile in tiles])
    first = np.unique(index, return_index=True)[1]
    return (tiles if len(first) == len(tiles) else tiles[first]), index


def pixel_hash(image: Image.Image) -> str:
    """What identifies a picture, whatever its file: SHA-256, in hex, over the size and the bytes of an RGB `image`."""
    digest = hashlib.sha256(f"{image.width}x{image.height}:".encode())
    digest.update(image.tobytes())
    return digest.hexdigest()


def tile_hash(tile: np.ndarray) -> str:
    """What identifies a clip's frame once it is cut to one tile, uint8 [H, W, 3]: SHA-256, in hex, of its pixels."""
    return hashlib.sha256(f"{tile.shape}:".encode() + tile.tobytes()).hexdigest()


def is_blank(image: Image.Image) -> str | None:
    """A sentence for an RGB `image` of one colour ("A blank white image."), None for one with anything on it.

    Every pixel counts, so that one small word on a large page is not missed.
    """
    histogram = np.array(image.histogram()).reshape(3, 256)
    levels = [np.flatnonzero(channel) for channel in histogram]
    if any(present[-1] - present[0] > BLANK_RANGE for present in levels):
        return None
    red, green, blue = (int(channel.argmax()) for channel in histogram)
    return f"A blank {name_colour(red, green, blue)} image."
