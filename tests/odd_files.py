"""Odd, broken and hostile picture files, each with what must come of it. For the tests of reading and of the commands.

`ODD_FILES[name].make(folder)` writes one and returns the path to name. `outcome` is OK, or words that the one sentence
about it must hold; a readable file also says its size and the colours of some pixels.
"""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.broken_bytes import BROKEN
from tests.picture_bytes import BLUE, GREEN, HEIGHT, RED, WIDTH, YELLOW, encode, quarters
from tests.readable_bytes import READABLE, Readable

OK = "ok"
TOLERANCE = 24  # levels, for the formats that lose some


@dataclass(frozen=True)
class OddFile:
    make: Callable[[Path], Path]
    outcome: str
    size: tuple[int, int] = (WIDTH, HEIGHT)
    pixels: Mapping[tuple[int, int], tuple[int, int, int]] = field(default_factory=dict)


def _written(name: str, content: Callable[[], bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content())
        return path

    return make


def _readable(case: Readable) -> OddFile:
    width, height = case.size
    corners = {(2, 2): RED, (width - 3, 2): GREEN, (2, height - 3): BLUE, (width - 3, height - 3): YELLOW}
    pixels = corners if case.pixels is None else case.pixels
    return OddFile(_written(case.name, case.content), OK, case.size, pixels)


def _folder(folder: Path) -> Path:
    path = folder / "holiday.png"
    path.mkdir()
    return path


def _fifo(folder: Path) -> Path:
    path = folder / "pipe.png"
    os.mkfifo(path)
    return path


def _socket(folder: Path) -> Path:
    # A socket's path may have about 100 characters, fewer than a test's folder takes.
    here = os.open(".", os.O_RDONLY)
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
    os.fchdir(here)
    os.close(here)
    return folder / "socket.png"


def _link(target: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "link.png"
        path.symlink_to(target)
        return path

    return make


def _link_to_picture(folder: Path) -> Path:
    (folder / "target.png").write_bytes(encode(quarters(), "PNG"))
    return _link("target.png")(folder)


def _huge_sparse(folder: Path) -> Path:
    path = folder / "huge.tif"
    with path.open("wb") as file:
        file.truncate(3 * 1024**3)
    return path


_PATHS: dict[str, OddFile] = {
    "link to a picture": OddFile(_link_to_picture, OK, pixels={(2, 2): RED, (60, 45): YELLOW}),
    "folder": OddFile(_folder, "is a folder"),
    "fifo": OddFile(_fifo, "not a regular file"),
    "socket": OddFile(_socket, "could not be opened"),
    "device": OddFile(lambda folder: Path(os.devnull), "not a regular file"),
    "endless device": OddFile(_link("/dev/zero"), "not a regular file"),
    "missing": OddFile(lambda folder: folder / "missing.png", "does not exist"),
    "dangling link": OddFile(_link("nowhere.png"), "does not exist"),
    "link to itself": OddFile(_link("link.png"), "could not be opened"),
    "name too long": OddFile(lambda folder: folder / ("x" * 300 + ".png"), "could not be opened"),
    "file as a folder": OddFile(lambda folder: _link_to_picture(folder) / "inside.png", "could not be opened"),
    "three gigabytes": OddFile(_huge_sparse, "larger than 2 GB"),
}

ODD_FILES: dict[str, OddFile] = (
    {name: _readable(case) for name, case in READABLE.items()}
    | {name: OddFile(_written(case.name, case.content), case.sentence) for name, case in BROKEN.items()}
    | _PATHS
)
