"""Pillow's LANCZOS resize, bit for bit, on every core.

Pillow 13 filters along one axis, rounds to 8 bits, then filters along the other (its `libImaging/Resample.c`). Rows
know nothing of each other and neither do columns, so bands of them may be resized side by side; Pillow lets go of
Python's lock meanwhile.
"""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from PIL import Image

CORES = os.cpu_count() or 1
MAX_BAND = 512  # rows or columns in one piece: a huge picture's pieces are then no second copy of it


def resize(image: Image.Image, width: int, height: int) -> Image.Image:
    """An RGB `image` in another size; the image itself if it has that size already."""
    # Pillow's rule for the order, which decides what is rounded: rows first, unless the height shrinks far more.
    columns_first = image.height - height > max(0, 2 * (image.width - width))
    with ThreadPoolExecutor(CORES) as pool:
        if columns_first:
            return _resize_rows(_resize_columns(image, height, pool), width, pool)
        return _resize_columns(_resize_rows(image, width, pool), height, pool)


def _resize_rows(image: Image.Image, width: int, pool: ThreadPoolExecutor) -> Image.Image:
    if width == image.width:
        return image
    result = Image.new("RGB", (width, image.height))

    def fill(top: int, bottom: int) -> None:
        band = image.crop((0, top, image.width, bottom))
        result.paste(band.resize((width, bottom - top), Image.Resampling.LANCZOS), (0, top))

    _in_bands(fill, image.height, pool)
    return result


def _resize_columns(image: Image.Image, height: int, pool: ThreadPoolExecutor) -> Image.Image:
    if height == image.height:
        return image
    result = Image.new("RGB", (image.width, height))

    def fill(left: int, right: int) -> None:
        band = image.crop((left, 0, right, image.height))
        result.paste(band.resize((right - left, height), Image.Resampling.LANCZOS), (left, 0))

    _in_bands(fill, image.width, pool)
    return result


def _in_bands(fill: Callable[[int, int], None], size: int, pool: ThreadPoolExecutor) -> None:
    rounds = math.ceil(size / (CORES * MAX_BAND))
    count = min(CORES * rounds, size)  # as many for each core
    edges = [size * band // count for band in range(count + 1)]
    for job in [pool.submit(fill, start, end) for start, end in pairwise(edges)]:
        job.result()
