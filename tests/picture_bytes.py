"""Pictures as bytes, for files that no program would write on purpose. Knows no test.

Most of them show four quarters, so that one look at the corners tells orientation, colours and which frame it is.
"""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

RED, GREEN, BLUE, YELLOW = (230, 20, 20), (20, 160, 40), (20, 40, 220), (240, 220, 30)
WIDTH, HEIGHT = 64, 48


def quarters(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Red and green above blue and yellow."""
    small = Image.new("RGB", (2, 2))
    for place, colour in zip([(0, 0), (1, 0), (0, 1), (1, 1)], [RED, GREEN, BLUE, YELLOW], strict=True):
        small.putpixel(place, colour)
    return small.resize((width, height), Image.Resampling.NEAREST)


def noise(width: int = 256, height: int = 192) -> Image.Image:
    """Grain that does not compress, so that half a file is half a picture."""
    return Image.fromarray(np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8))


def encode(image: Image.Image, picture_format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, picture_format, **options)
    return stream.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour_type: int, rows: bytes, *chunks: bytes) -> bytes:
    """A PNG from its parts; `rows` with each row's filter byte, `chunks` between header and data."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0))
    data = png_chunk(b"IDAT", zlib.compress(rows, 1))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + data + png_chunk(b"IEND", b"")


_TAGS = {"ImageWidth": 256, "ImageLength": 257, "ExtraSamples": 338}


def overwritten(content: bytes, at: int, new: bytes) -> bytes:
    return content[:at] + new + content[at + len(new) :]


def tiff_with(image: Image.Image, **tags: int) -> bytes:
    """`image` as TIFF in which integers of the first directory are others; `tags` by their names."""
    content = encode(image, "TIFF")
    directory = struct.unpack_from("<I", content, 4)[0]
    values = {_TAGS[name]: value for name, value in tags.items()}
    for entry in range(directory + 2, len(content) - 12, 12):
        tag, kind = struct.unpack_from("<HH", content, entry)
        if tag in values:
            content = overwritten(content, entry + 8, struct.pack("<H" if kind == 3 else "<I", values[tag]))
    return content


def jpeg_turned(orientation: int) -> bytes:
    """A JPEG whose EXIF says how it is to be turned; turned so, it is `quarters`."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return encode(quarters().transpose(undo[orientation]), "JPEG", quality=95, exif=exif(orientation))


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def jpeg2000_header(width: int, height: int) -> bytes:
    """A JPEG 2000 codestream that ends after it has stated its size."""
    sizes = struct.pack(">HIIIIIIIIH", 0, width, height, 0, 0, width, height, 0, 0, 3) + b"\x07\x01\x01" * 3
    return b"\xff\x4f\xff\x51" + struct.pack(">H", len(sizes) + 2) + sizes + b"\xff\x90" + bytes(64)


def iso_media(brand: bytes, *compatible: bytes) -> bytes:
    """The beginning of an ISO base media file: HEIC, AVIF, MP4, MOV."""
    brands = brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(brands) + 8) + b"ftyp" + brands + struct.pack(">I", 64) + b"mdat" + bytes(56)
