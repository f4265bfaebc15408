"""Folders, patterns and files that somebody named become one list of files, in the order in which people sort them.

In a folder a picture is told by its name's ending, so that 100,000 files are listed in a moment; what is in a file is
seen when it is opened. Hidden files are left out there, and so are clips, which are counted; a file or a pattern that
names them does not leave them out. Knows nothing of models.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path

PICTURE_ENDINGS = frozenset(
    ".avif .bmp .gif .heic .heif .hif .ico .jfif .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tga .tif .tiff"
    " .webp".split()
)
CLIP_ENDINGS = frozenset(".3gp .avi .m2ts .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ts .webm .wmv".split())

_PATTERN = re.compile(r"[*?]|\[[^]]+]")


@dataclass
class Listing:
    """`files` to open, each once; `clips` that a folder holds beside them; what came to nothing, and why."""

    files: list[Path] = field(default_factory=list)
    clips: int = 0
    failed: list[tuple[Path, str]] = field(default_factory=list)


def list_pictures(named: Sequence[str], *, recursive: bool = False) -> Listing:
    """Every file that the names stand for: a folder for the pictures in it, a pattern (`*`, `?`, `[...]`, `**`) for
    what it matches, anything else for itself, whether it is there or not.

    With `recursive` a folder stands for those below it too; each folder is entered once, however it is linked to.
    """
    listing = Listing()
    walk = _Walk(listing, recursive)
    for name in named:
        path = Path(name)
        if os.path.isdir(name):
            walk.enter(path)
        elif is_pattern(name):
            matches = natural_order(glob(name, recursive=True))
            if not matches:
                listing.failed.append((path, "matches no file"))
            for match in matches:
                if not os.path.isdir(match):
                    listing.files.append(Path(match))
                elif recursive:
                    walk.enter(Path(match))
        else:
            listing.files.append(path)
    listing.files = list(dict.fromkeys(listing.files))
    return listing


def is_pattern(name: str) -> bool:
    """Whether a name is no file's and has a pattern's characters in it."""
    return _PATTERN.search(name) is not None and not os.path.lexists(name)


def natural_order(names: Sequence[str]) -> list[str]:
    """Sorted as people do: `img2` before `img10`, capitals beside small letters, `img.png` before `img copy.png`."""
    return sorted(names, key=_natural)


def _natural(name: str) -> tuple[list[tuple[int, int, str]], str]:
    parts = re.findall(r"([0-9]+)|([^0-9]+)", os.path.splitext(name)[0])
    return [(0, int(digits), "") if digits else (1, 0, words.casefold()) for digits, words in parts], name


class _Walk:
    def __init__(self, listing: Listing, recursive: bool) -> None:
        self.listing, self.recursive = listing, recursive
        self._entered: set[tuple[int, int]] = set()

    def enter(self, folder: Path) -> None:
        waiting, before = [folder], len(self.listing.files) + len(self.listing.failed)
        while waiting:
            waiting[-1:] = reversed(list(self._list(waiting[-1])))
        if len(self.listing.files) + len(self.listing.failed) == before:
            hint = "" if self.recursive else "; --recursive looks into the folders below as well"
            self.listing.failed.append((folder, f"is a folder without a picture{hint}"))

    def _list(self, folder: Path) -> Iterator[Path]:
        """Put a folder's pictures on the list; the folders in it that are still to be entered."""
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in self._entered:
                return
            self._entered.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                inside = {entry.name: entry for entry in entries if not entry.name.startswith(".")}
            for name in natural_order(list(inside)):
                if inside[name].is_dir():
                    if self.recursive:
                        yield folder / name
                elif (ending := os.path.splitext(name)[1].lower()) in PICTURE_ENDINGS:
                    self.listing.files.append(folder / name)
                elif ending in CLIP_ENDINGS:
                    self.listing.clips += 1
        except OSError as error:
            self.listing.failed.append((folder, f"cannot be listed ({error.strerror or error})"))
