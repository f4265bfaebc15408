"""Odd pictures that must be read all the same, as bytes: deep greys, hidden colours, turned, animated, misnamed."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from PIL import Image

from tests.picture_bytes import HEIGHT, WIDTH, encode, exif, jpeg_turned, png, png_chunk, quarters, tiff_with

Content = Callable[[], bytes]
Pixels = Mapping[tuple[int, int], tuple[int, int, int]]
WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (128, 128, 128)


class Readable(NamedTuple):
    """`pixels` None: the four quarters."""

    name: str
    content: Content
    size: tuple[int, int] = (WIDTH, HEIGHT)
    pixels: Pixels | None = None


def _quarters_as(picture_format: str, mode: str = "RGB", **options: object) -> Content:
    return lambda: encode(quarters().convert(mode), picture_format, **options)


def _one_pixel(mode: str, colour: object, picture_format: str = "PNG", **options: object) -> Content:
    return lambda: encode(Image.new(mode, (4, 4), colour), picture_format, **options)  # type: ignore[arg-type]


def _four(colour: tuple[int, int, int]) -> tuple[tuple[int, int], Pixels]:
    return (4, 4), {(1, 1): colour}


def _ramp(dtype: str, values: list[float], picture_format: str) -> Content:
    return lambda: encode(Image.fromarray(np.array([values], dtype)), picture_format)


def _frames(picture_format: str, **options: object) -> Content:
    later = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("black", "white")]
    return lambda: encode(quarters(), picture_format, save_all=True, append_images=later, **options)


def _premultiplied() -> bytes:
    half_red = Image.new("RGBA", (4, 4), (128, 0, 0, 128))
    return tiff_with(half_red, ExtraSamples=1)  # 1: the colours are multiplied by the alpha already


def _keyed_palette() -> bytes:
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.putpixel((1, 0), 1)
    return encode(image, "PNG", transparency=bytes([0, 255]))


def _broken_exif() -> bytes:
    content = bytearray(_turned_by_exif("JPEG")())
    start = content.index(b"Exif\0\0") + 6
    content[start + 4 : start + 8] = b"\xff\xff\xff\xf0"
    return bytes(content)


def _turned_by_exif(picture_format: str, **options: object) -> Content:
    upside_down = Image.Transpose.ROTATE_180
    return lambda: encode(quarters().transpose(upside_down), picture_format, exif=exif(3), **options)


_TURNED_ROUND: Pixels = {(2, 2): (240, 220, 30), (61, 45): (230, 20, 20)}
_LEVELS: Pixels = {(0, 0): BLACK, (1, 0): GREY, (2, 0): WHITE}

READABLE: dict[str, Readable] = {
    **{f"jpeg turned {n}": Readable("turned.jpg", lambda n=n: jpeg_turned(n)) for n in range(2, 9)},  # type: ignore[misc]
    "png turned by exif": Readable("turned.png", _turned_by_exif("PNG")),
    "webp turned by exif": Readable("turned.webp", _turned_by_exif("WEBP", quality=95)),
    "tiff turned by tag": Readable("turned.tif", _turned_by_exif("TIFF")),
    "avif turned by exif": Readable("turned.avif", _turned_by_exif("AVIF", quality=95)),
    "exif broken": Readable("exif.jpg", _broken_exif, pixels=_TURNED_ROUND),
    "exif says 9": Readable("nine.jpg", lambda: encode(quarters(), "JPEG", exif=exif(9), quality=95)),
    "cmyk jpeg, inverted as Adobe does": Readable("cmyk.jpg", _quarters_as("JPEG", "CMYK", quality=95)),
    "cmyk tiff": Readable("cmyk.tif", _quarters_as("TIFF", "CMYK")),
    "ycbcr tiff": Readable("ycbcr.tif", _quarters_as("TIFF", "YCbCr")),
    "lab tiff": Readable("lab.tif", _one_pixel("LAB", (255, 128, 128), "TIFF"), *_four(WHITE)),
    "grey png of 16 bits": Readable("deep.png", _ramp("uint16", [0, 32896, 65535], "PNG"), (3, 1), _LEVELS),
    "grey tiff of 16 bits": Readable("deep.tif", _ramp("uint16", [0, 32896, 65535], "TIFF"), (3, 1), _LEVELS),
    "grey jpeg 2000 of 16 bits": Readable("deep.jp2", _ramp("uint16", [0, 32896, 65535], "JPEG2000"), (3, 1), _LEVELS),
    "grey pgm of 16 bits": Readable("deep.pgm", lambda: b"P5 3 1 65535\n\0\0\x80\x80\xff\xff", (3, 1), _LEVELS),
    "tiff of 32-bit integers": Readable("wide.tif", _ramp("int32", [-500, 0, 500], "TIFF"), (3, 1), _LEVELS),
    "tiff of floats": Readable("float.tif", _ramp("float32", [0, 0.502, 1], "TIFF"), (3, 1), _LEVELS),
    "tiff of large floats": Readable("science.tif", _ramp("float32", [-3e4, 0, 3e4], "TIFF"), (3, 1), _LEVELS),
    "tiff of floats, none finite": Readable("nan.tif", _ramp("float32", [np.nan] * 3, "TIFF"), (3, 1), {(1, 0): BLACK}),
    "rgb png of 16 bits": Readable(
        "rgb16.png", lambda: png(1, 1, 16, 2, b"\0\xff\xff\x80\0\0\xff"), (1, 1), {(0, 0): (255, 128, 0)}
    ),
    "grey png of 2 bits": Readable(
        "two.png", lambda: png(4, 1, 2, 0, b"\0\x1b"), (4, 1), {(0, 0): BLACK, (3, 0): WHITE}
    ),
    "png of 1 bit": Readable("one.png", _one_pixel("1", 1), *_four(WHITE)),
    "fax tiff": Readable("fax.tif", _one_pixel("1", 1, "TIFF", compression="group4"), *_four(WHITE)),
    "alpha hides a colour": Readable("hidden.png", _one_pixel("RGBA", (255, 0, 0, 0)), *_four(WHITE)),
    "half transparent": Readable("half.png", _one_pixel("RGBA", (255, 0, 0, 128)), *_four((255, 127, 127))),
    "half transparent webp": Readable(
        "half.webp", _one_pixel("RGBA", (255, 0, 0, 128), "WEBP", lossless=True), *_four((255, 127, 127))
    ),
    "premultiplied tiff": Readable("associated.tif", _premultiplied, *_four((255, 127, 127))),
    "grey with alpha": Readable("la.png", _one_pixel("LA", (0, 0)), *_four(WHITE)),
    "grey with alpha of 16 bits": Readable(
        "la16.png", lambda: png(1, 1, 16, 4, b"\0\0\0\0\0"), (1, 1), {(0, 0): WHITE}
    ),
    "palette with transparency": Readable("palette.png", _keyed_palette, (2, 1), {(0, 0): WHITE, (1, 0): (0, 0, 200)}),
    "rgb with a transparent key": Readable(
        "key.png", _one_pixel("RGB", (9, 8, 7), transparency=(9, 8, 7)), *_four(WHITE)
    ),
    "16-bit grey with a transparent key": Readable(
        "key16.png", lambda: png(1, 1, 16, 0, b"\0\x12\x34", png_chunk(b"tRNS", b"\x12\x34")), (1, 1), {(0, 0): WHITE}
    ),
    "1 bit with a transparent key": Readable("key1.png", _one_pixel("1", 0, transparency=0), *_four(WHITE)),
    "animated gif": Readable("animated.gif", _frames("GIF")),
    "animated png": Readable("animated.png", _frames("PNG")),
    "animated webp": Readable("animated.webp", _frames("WEBP", quality=95)),
    "animated avif": Readable("animated.avif", _frames("AVIF", quality=95)),
    "tiff of three pages": Readable("pages.tif", _frames("TIFF", compression="tiff_lzw")),
    "gif cut in its second frame": Readable("cut-later.gif", lambda: _frames("GIF")()[:-40]),
    "jpeg of two pictures": Readable("two.mpo", _frames("MPO", quality=95)),
    "jpeg named png": Readable("photo.png", _quarters_as("JPEG", quality=95)),
    "png named txt": Readable("notes.txt", _quarters_as("PNG")),
    "tiff without an ending": Readable("scan", _quarters_as("TIFF", compression="tiff_adobe_deflate")),
    "name with blanks, accents and a new line": Readable("mein  Bild \u00e9\n.png", _quarters_as("PNG")),
    "one pixel": Readable(
        "dot.png", lambda: encode(Image.new("RGB", (1, 1), "blue"), "PNG"), (1, 1), {(0, 0): (0, 0, 255)}
    ),
    "1 x 20000": Readable(
        "tall.png",
        lambda: encode(Image.new("RGB", (1, 20_000), "blue"), "PNG"),
        (1, 20_000),
        {(0, 19_999): (0, 0, 255)},
    ),
    "20000 x 1": Readable(
        "wide.png",
        lambda: encode(Image.new("RGB", (20_000, 1), "blue"), "PNG"),
        (20_000, 1),
        {(19_999, 0): (0, 0, 255)},
    ),
    "progressive jpeg": Readable("progressive.jpg", _quarters_as("JPEG", progressive=True, quality=95)),
    "grey jpeg": Readable("grey.jpg", _one_pixel("L", 128, "JPEG"), *_four(GREY)),
    "jpeg with junk behind": Readable("junk.jpg", lambda: _quarters_as("JPEG", quality=95)() + b"junk" * 999),
    "jpeg padded with zeros": Readable("padded.jpg", lambda: jpeg_turned(3) + bytes(4096)),
    "png with junk behind": Readable("junk.png", lambda: _quarters_as("PNG")() + b"junk" * 999),
    "jpeg 2000": Readable("picture.jp2", _quarters_as("JPEG2000")),
    "avif": Readable("picture.avif", _quarters_as("AVIF", quality=95)),
    "bmp": Readable("picture.bmp", _quarters_as("BMP")),
    "tga, run-length coded": Readable("picture.tga", _quarters_as("TGA", compression="tga_rle")),
    "icon": Readable("icon.ico", lambda: encode(quarters(48, 48), "ICO", sizes=[(16, 16), (48, 48)]), (48, 48)),
    "ppm in decimal": Readable("plain.ppm", lambda: b"P3 # by hand\n1 1 255\n1 2 3\n", (1, 1), {(0, 0): (1, 2, 3)}),
}
