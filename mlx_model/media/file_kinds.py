"""What a file is when it is not a picture that can be read, told from its first bytes.

A file's ending says what somebody wished; the first bytes say what is there. Each answer is the rest of a sentence
("is a PDF document; export the page as PNG first"), so that whoever raises puts the file's name in front. Decodes
nothing, opens nothing. Signatures: https://en.wikipedia.org/wiki/List_of_file_signatures and ISO/IEC 14496-12, 4.3.
"""

HEAD_BYTES = 4096

_EXPORT = "export it as PNG or JPEG first"
_RAW = f"is a camera raw file; {_EXPORT}"
_VIDEO = "is a video, not a picture; name the video's own file, or save one frame of it as a picture"
_AUDIO = "is a sound recording, not a picture"
_ARCHIVE = "is an archive or an office document; take the picture out of it first"
_DAMAGED = "is damaged or incomplete: its {} data cannot be decoded; get a whole copy of it"

_CANON_RAW = b"CR\x02\x00"

# (offset, bytes there, the rest of the sentence); the first match counts.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", _DAMAGED.format("PNG")),
    (0, b"\xff\xd8\xff", _DAMAGED.format("JPEG")),
    (0, b"GIF8", _DAMAGED.format("GIF")),
    (8, b"WEBP", _DAMAGED.format("WebP")),
    (8, _CANON_RAW, _RAW),
    (0, b"II*\x00", _DAMAGED.format("TIFF")),
    (0, b"MM\x00*", _DAMAGED.format("TIFF")),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", _DAMAGED.format("JPEG 2000")),
    (0, b"\xff\x4f\xff\x51", _DAMAGED.format("JPEG 2000")),
    (0, b"\x00\x00\x01\x00", _DAMAGED.format("icon (ICO)")),
    (0, b"%PDF", "is a PDF document; export the page as PNG first"),
    (0, b"%!PS", f"is a PostScript document; {_EXPORT}"),
    (0, b"\xc5\xd0\xd3\xc6", f"is a PostScript document; {_EXPORT}"),
    (0, b"8BPS", f"is a Photoshop document; {_EXPORT}"),
    (0, b"icns", f"is a macOS icon (ICNS); {_EXPORT}"),
    (0, b"\xff\x0a", f"is a JPEG XL picture, which is not read yet; {_EXPORT}"),
    (0, b"\x00\x00\x00\x0cJXL ", f"is a JPEG XL picture, which is not read yet; {_EXPORT}"),
    (0, b"v/1\x01", f"is an OpenEXR picture, which is not read; {_EXPORT}"),
    (0, b"#?RADIANCE", f"is a Radiance HDR picture, which is not read; {_EXPORT}"),
    (0, b"DDS ", f"is a DDS texture, which is not read; {_EXPORT}"),
    (128, b"DICM", f"is a DICOM file, which is not read; {_EXPORT}"),
    (0, b"FUJIFILMCCD-RAW", _RAW),
    (0, b"IIRO", _RAW),
    (0, b"IIU\x00", _RAW),
    (0, b"\x00\x05\x16\x07", "holds only a file's macOS metadata (AppleDouble); use the file without the leading ._"),
    (0, b"bplist00", "is a macOS property list; if it stands for a file in iCloud, download that in Finder first"),
    (0, b"PK\x03\x04", _ARCHIVE),
    (0, b"\x1f\x8b", _ARCHIVE),
    (0, b"Rar!\x1a\x07", _ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (0, b"\x1a\x45\xdf\xa3", _VIDEO),
    (8, b"AVI LIST", _VIDEO),
    (0, b"\x00\x00\x01\xba", _VIDEO),
    (0, b"\x00\x00\x01\xb3", _VIDEO),
    (0, b"FLV\x01", _VIDEO),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _VIDEO),
    (4, b"moov", _VIDEO),
    (4, b"mdat", _VIDEO),
    (4, b"wide", _VIDEO),
    (4, b"free", _VIDEO),
    (4, b"skip", _VIDEO),
    (0, b"OggS", _AUDIO),
    (8, b"WAVE", _AUDIO),
    (0, b"ID3", _AUDIO),
    (0, b"fLaC", _AUDIO),
    (0, b"caff", _AUDIO),
)

# Brands of an ISO base media file (`ftyp`).
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_BRANDS: dict[bytes, str] = {
    b"avif": _DAMAGED.format("AVIF"),
    b"avis": _DAMAGED.format("AVIF"),
    b"mif1": _DAMAGED.format("HEIF"),
    b"msf1": _DAMAGED.format("HEIF"),
    b"crx ": _RAW,
    b"M4A ": _AUDIO,
    b"M4B ": _AUDIO,
} | dict.fromkeys(_HEIC_BRANDS, _DAMAGED.format("HEIC"))


def is_heic(head: bytes) -> bool:
    """Whether `head` (a file's first bytes) begins an HEIC picture: an ISO base media file with HEVC-coded images."""
    return not _HEIC_BRANDS.isdisjoint(_brands(head))


def is_clip(head: bytes) -> bool:
    """Whether `head` begins a container of moving pictures: MP4, QuickTime, Matroska, WebM, AVI, MPEG and their kin.

    An allow-list: playlists and other texts that point FFmpeg elsewhere are none of these.
    """
    return describe_kind(head) == _VIDEO


def is_canon_raw(head: bytes) -> bool:
    """Whether `head` begins a CR2 file: a TIFF to most readers, in which they find a preview."""
    return head.startswith(_CANON_RAW, 8)


def describe_kind(head: bytes) -> str:
    """What a file that begins with `head` (its first HEAD_BYTES) is: the rest of a sentence after the file's name."""
    if brands := _brands(head):
        return _BRANDS.get(brands[0], _VIDEO)
    for offset, signature, kind in _SIGNATURES:
        if head.startswith(signature, offset):
            return kind
    if all(head.startswith(b"G", packet) for packet in range(0, 5 * 188, 188)):  # an MPEG transport stream's packets
        return _VIDEO
    if text := _describe_text(head):
        return text
    if head.startswith(b"BM"):
        return describe_damage("BMP")
    return f"is in no picture format that is read here; {_EXPORT}"


def describe_damage(picture_format: str) -> str:
    """The same for a file known to be a picture of `picture_format` ("PNG") whose data cannot be decoded."""
    return _DAMAGED.format(picture_format)


def _brands(head: bytes) -> list[bytes]:
    """The major brand and the compatible ones; empty when the file has no `ftyp` box."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12]] + [head[i : i + 4] for i in range(16, end - 3, 4)]


def _describe_text(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "is a text file, not a picture"
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a character cut off at the end of the sample is no sign of binary data
            return None
        text = head[: error.start].decode("utf-8-sig")
    if any(ord(character) < 32 and character not in "\t\n\r\f\x1b" for character in text):
        return None
    start = text.lstrip().lower()
    if start.startswith("<svg") or (start.startswith(("<?xml", "<!doctype svg", "<!--")) and "<svg" in start):
        return "is an SVG drawing; export it as PNG first"
    if start.startswith(("<!doctype html", "<html")):
        return "is a web page, not a picture; a server may have sent it in place of one"
    if start.startswith("version https://git-lfs"):
        return "is a Git LFS pointer, not the picture itself; run `git lfs pull` first"
    return "is a text file, not a picture"
