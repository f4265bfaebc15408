"""A file -> an upright RGB picture of 8 bits, or one sentence that says why not.

What is opened is what is checked: one descriptor, a regular file, its size, the pixel count in its header, and only
then its pixels. The content decides the format, never the ending. Knows nothing of tiles or models.
"""

import os
import warnings
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image, ImageFile, TiffImagePlugin

from mlx_model.errors import InputError
from mlx_model.media.file_kinds import HEAD_BYTES, describe_damage, describe_kind, is_canon_raw, is_heic
from mlx_model.media.heic import open_heic
from mlx_model.media.regular_file import check_not_empty, open_regular_file
from mlx_model.media.rgb import to_upright_rgb

# What people have. No format whose reader starts a program (EPS) and none that only specialists meet. TGA comes last:
# it has no signature, so it would claim other formats' files.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "PPM", "WEBP", "TIFF", "AVIF", "JPEG2000", "ICO", "TGA")

# Decoded, a pixel takes 4 bytes: 640 MB here. The largest medium-format cameras (151 megapixels) and 100-megapixel
# scans pass; above 179 Pillow itself takes a file for a decompression bomb.
MAX_PIXELS = 160_000_000

# 160 megapixels of four uncompressed 16-bit channels are 1.3 GB.
MAX_BYTES = 2 * 1024**3


def open_image(source: Path | BinaryIO, name: str | None = None, *, at_least: int | None = None) -> Image.Image:
    """The picture in `source` (a path or a stream of bytes): mode RGB, upright, on white, the first of several frames.

    With `at_least` a JPEG may come smaller, which is far quicker, but its edges not below so many pixels: for
    thumbnails. `name` stands in messages for the path, or for "The picture" of a stream. Raises InputError for whatever
    is no regular file, is empty, too large, damaged, cut off, or in a format that is not in FORMATS (nor HEIC).
    """
    if isinstance(source, Path):
        name = name or str(source)
        with open_regular_file(source, name) as file:
            _check_size(os.fstat(file.fileno()).st_size, name)
            return _read(file, name, at_least)
    name = name or "The picture"
    content = source.read(MAX_BYTES + 1)
    _check_size(len(content), name)
    return _read(BytesIO(content), name, at_least)


def _check_size(size: int, name: str) -> None:
    check_not_empty(size, name)
    if size > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES / 1024**3:.0f} GB, the most that is read as one picture.")


def _read(file: BinaryIO, name: str, at_least: int | None) -> Image.Image:
    with warnings.catch_warnings(action="ignore"):  # Pillow's remarks on odd metadata help nobody who wants an answer
        picture = _identify(file, name)
        _check_header(picture, name)
        try:
            if at_least:
                picture.draft("RGB", (at_least, at_least))
            picture.load()
            if picture.format in ("JPEG", "MPO"):
                _check_end_marker(file)
            return to_upright_rgb(picture)
        except Exception as error:  # decoders raise nearly every type there is on damaged data
            raise InputError(f"{name} {describe_damage(str(picture.format))}.") from error


def _identify(file: BinaryIO, name: str) -> ImageFile.ImageFile:
    """The picture in `file` with its header read and its pixels not."""
    head = file.read(HEAD_BYTES)
    if is_canon_raw(head):
        raise InputError(f"{name} {describe_kind(head)}.")
    try:
        return open_heic(file, name) if is_heic(head) else Image.open(file, formats=FORMATS)
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError(f"{name} has far more than {_LIMIT}") from error
    except Exception as error:  # as above, and UnidentifiedImageError
        raise InputError(f"{name} {describe_kind(head)}.") from error


def _check_header(picture: ImageFile.ImageFile, name: str) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise InputError(f"{name} has {width} x {height} pixels, more than {_LIMIT}")
    if isinstance(picture, TiffImagePlugin.TiffImageFile) and _is_preview(picture):
        raise InputError(f"{name} is a camera raw file or begins with a mere preview; export it as PNG or JPEG first.")


_LIMIT = f"{MAX_PIXELS // 10**6} megapixels, the most that is read at once; save a smaller copy of it."


def _is_preview(tiff: TiffImagePlugin.TiffImageFile) -> bool:
    """Raw files (DNG, NEF, ARW) are TIFFs whose first picture is a thumbnail: no base for an answer."""
    subfile_type = tiff.tag_v2.get(ExifTags.Base.NewSubfileType, 0)
    return ExifTags.Base.DNGVersion in tiff.tag_v2 or (isinstance(subfile_type, int) and subfile_type & 1 == 1)


def _check_end_marker(file: BinaryIO) -> None:
    """Raises EOFError for a JPEG whose first scan never ends.

    A download that stopped after its space was reserved ends in zeros, which libjpeg shows as grey without complaint.
    """
    file.seek(-2, os.SEEK_END)
    if file.read(2) == _END_OF_IMAGE:
        return
    file.seek(0)
    content = file.read()
    position = 2  # segments (an EXIF thumbnail with its own markers may be in one) follow each other up to the scan
    while content[position] == 0xFF and content[position + 1] != _START_OF_SCAN:
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    if content.find(_END_OF_IMAGE, position) < 0:
        raise EOFError("no end-of-image marker after the scan")


_END_OF_IMAGE = b"\xff\xd9"
_START_OF_SCAN = 0xDA
