"""What must be refused, as bytes: cut off, damaged, hostile pictures, and files that are no pictures at all."""

import random
import struct
from collections.abc import Callable
from typing import NamedTuple

from tests.picture_bytes import encode, iso_media, jpeg2000_header, noise, overwritten, png, quarters, tiff_with

Content = Callable[[], bytes]


class Broken(NamedTuple):
    name: str
    content: Content
    sentence: str


def _cut(picture_format: str, keep: float = 0.5, **options: object) -> Content:
    def content() -> bytes:
        whole = encode(noise(), picture_format, **options)
        return whole[: int(len(whole) * keep)]

    return content


def _zero_filled_jpeg() -> bytes:
    whole = encode(noise(), "JPEG")
    return whole[: len(whole) // 2] + bytes(len(whole))


def _bomb(width: int, height: int) -> Content:
    return lambda: png(width, height, 1, 0, bytes((width + 7) // 8 + 1) * height)


_CUT = "is damaged or incomplete"
_LIMIT = "more than 160 megapixels"
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect/></svg>'

BROKEN: dict[str, Broken] = {
    "empty": Broken("empty.png", lambda: b"", "is empty (0 bytes)"),
    "png cut in half": Broken("cut.png", _cut("PNG"), _CUT),
    "png cut before its last chunk": Broken("cut.png", _cut("PNG", 0.97), _CUT),
    "png with nothing but a signature": Broken("bare.png", lambda: b"\x89PNG\r\n\x1a\n", _CUT),
    "png with a wrong header sum": Broken(
        "sum.png", lambda: overwritten(encode(noise(), "PNG"), 30, b"\xaa\xbb"), _CUT
    ),
    "png with a wrong data sum": Broken(
        "sum.png", lambda: overwritten(encode(noise(), "PNG"), 20_000, b"\xaa\xbb"), _CUT
    ),
    "png without width": Broken("flat.png", lambda: png(0, 4, 8, 0, b""), _CUT),
    "png without its palette": Broken("palette.png", lambda: png(1, 1, 8, 3, b"\0\0"), _CUT),
    "jpeg cut in half": Broken("cut.jpg", _cut("JPEG"), _CUT),
    "jpeg cut at its last bytes": Broken("cut.jpg", _cut("JPEG", 0.99), _CUT),
    "progressive jpeg cut in half": Broken("cut.jpg", _cut("JPEG", progressive=True), _CUT),
    "jpeg ending in its header": Broken("cut.jpg", _cut("JPEG", 0.002), _CUT),
    "jpeg filled up with zeros": Broken("reserved.jpg", _zero_filled_jpeg, _CUT),
    "jpeg of nothing but markers": Broken("markers.jpg", lambda: b"\xff\xd8\xff\xe0\xff\xd9", _CUT),
    "gif cut in half": Broken("cut.gif", _cut("GIF"), _CUT),
    "webp cut in half": Broken("cut.webp", _cut("WEBP"), _CUT),
    "lossless webp cut in half": Broken("cut.webp", _cut("WEBP", lossless=True), _CUT),
    "bmp cut in half": Broken("cut.bmp", _cut("BMP"), _CUT),
    "bmp with a wrong header": Broken("header.bmp", lambda: overwritten(encode(noise(), "BMP"), 14, b"\xaa\xbb"), _CUT),
    "tiff cut in half": Broken("cut.tif", _cut("TIFF"), _CUT),
    "compressed tiff cut in half": Broken("cut.tif", _cut("TIFF", compression="tiff_lzw"), _CUT),
    "avif cut in half": Broken("cut.avif", _cut("AVIF"), _CUT),
    "avif cut at its last bytes": Broken("cut.avif", _cut("AVIF", 0.99), _CUT),
    "jpeg 2000 cut in half": Broken("cut.jp2", _cut("JPEG2000"), _CUT),
    "icon cut in half": Broken("cut.ico", _cut("ICO"), _CUT),
    "ppm cut in half": Broken("cut.ppm", _cut("PPM"), _CUT),
    "tga cut in half": Broken("cut.tga", _cut("TGA"), _CUT),
    "png bomb": Broken("bomb.png", _bomb(20_000, 20_000), _LIMIT),
    "png just too large": Broken(
        "large.png", _bomb(16_000, 10_001), "has 16000 x 10001 pixels, more than 160 megapixels"
    ),
    "gif bomb": Broken("bomb.gif", lambda: overwritten(encode(quarters(), "GIF"), 6, b"\xff" * 4), _LIMIT),
    "tiff bomb": Broken("bomb.tif", lambda: tiff_with(quarters(), ImageWidth=60_000, ImageLength=60_000), _LIMIT),
    "bmp bomb": Broken(
        "bomb.bmp", lambda: overwritten(encode(quarters(), "BMP"), 18, struct.pack("<ii", 60_000, 60_000)), _LIMIT
    ),
    "ppm bomb": Broken("bomb.ppm", lambda: b"P6 100000 100000 255\n", _LIMIT),
    "jpeg 2000 bomb": Broken("bomb.j2k", lambda: jpeg2000_header(40_000, 40_000), _LIMIT),
    "text": Broken("notes.png", lambda: "Grüße aus Bremen\n".encode() * 999, "is a text file"),
    "text of another encoding": Broken("notes.png", lambda: "Hello".encode("utf-16"), "is a text file"),
    "json": Broken("data.jpg", lambda: b'{"error": "not found"}', "is a text file"),
    "web page": Broken("download.jpg", lambda: b"\n<!DOCTYPE html><html><body>404</body></html>", "is a web page"),
    "svg": Broken("drawing.svg", lambda: _SVG, "is an SVG drawing; export it as PNG first"),
    "svg behind a comment": Broken(
        "drawing.png", lambda: b'<?xml version="1.0"?>\n<!-- drawn -->\n' + _SVG, "is an SVG drawing"
    ),
    "git lfs pointer": Broken(
        "cat.png", lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"
    ),
    "pdf": Broken(
        "page.pdf", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is a PDF document; export the page as PNG first"
    ),
    "postscript": Broken(
        "figure.eps", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is a PostScript document"
    ),
    "photoshop": Broken("layers.psd", lambda: b"8BPS\0\1" + bytes(20), "is a Photoshop document"),
    "mp4": Broken("clip.mp4", lambda: iso_media(b"isom", b"avc1"), "is a video"),
    "quicktime named jpg": Broken("clip.jpg", lambda: iso_media(b"qt  "), "is a video"),
    "old quicktime": Broken("clip.mov", lambda: b"\0\0\0\x20moov" + bytes(24), "is a video"),
    "matroska": Broken("clip.mkv", lambda: b"\x1a\x45\xdf\xa3" + bytes(40), "is a video"),
    "avi": Broken("clip.avi", lambda: b"RIFF\x40\0\0\0AVI LIST" + bytes(40), "is a video"),
    "mpeg": Broken("clip.mpg", lambda: b"\0\0\1\xba" + bytes(40), "is a video"),
    "sound": Broken("song.mp3", lambda: b"ID3\x04" + bytes(40), "is a sound recording"),
    "spoken sound": Broken("memo.m4a", lambda: iso_media(b"M4A "), "is a sound recording"),
    "zip": Broken("pictures.zip", lambda: b"PK\x03\x04" + bytes(40), "is an archive"),
    "canon raw": Broken("photo.cr2", lambda: b"II*\0\x10\0\0\0CR\x02\0" + bytes(40), "is a camera raw file"),
    "newer canon raw": Broken("photo.cr3", lambda: iso_media(b"crx "), "is a camera raw file"),
    "adobe raw": Broken(
        "photo.dng", lambda: encode(quarters(), "TIFF", tiffinfo={50706: b"\1\4\0\0"}), "is a camera raw file"
    ),
    "nikon raw": Broken("photo.nef", lambda: encode(quarters(), "TIFF", tiffinfo={254: 1}), "is a camera raw file"),
    "jpeg xl": Broken("photo.jxl", lambda: b"\xff\x0a" + bytes(40), "is a JPEG XL picture"),
    "macOS metadata": Broken("._photo.jpg", lambda: b"\0\5\x16\7\0\2\0\0" + bytes(40), "AppleDouble"),
    "random bytes": Broken(
        "noise.png", lambda: random.Random(1).randbytes(5000), "is in no picture format that is read here"
    ),
    "zeros": Broken("zeros.png", lambda: bytes(5000), "is in no picture format that is read here"),
}
