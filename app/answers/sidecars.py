"""The text files that stand beside pictures: `a.txt` for `a.png`, as tools for data sets expect.

Where two pictures of a folder would share one (`a.png` and `a.jpg`), each has its full name: `a.png.txt`. That goes by
what lies in the folder, not by what is asked about, so a name is the same in every run.
"""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from app.inputs.picture_files import PICTURE_ENDINGS


class Sidecars:
    """Names for the sidecars of these files."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._given: dict[Path, set[str]] = {}
        for file in files:
            self._given.setdefault(file.parent, set()).add(file.name)
        self._shorts: dict[Path, Counter[str]] = {}

    def of(self, picture: Path) -> Path:
        """Where the words about a picture stand."""
        shorts = self._shorts_in(picture.parent)
        short, full = f"{picture.stem}.txt", f"{picture.name}.txt"
        return picture.with_name(short if shorts[short.casefold()] == 1 else full)

    def _shorts_in(self, folder: Path) -> Counter[str]:
        """How many would have each name, in a file system that ignores case or not."""
        if folder not in self._shorts:
            pictures = self._given.get(folder, set()) | _pictures_in(folder)
            shorts = Counter(f"{os.path.splitext(name)[0]}.txt".casefold() for name in pictures)
            shorts.update({f"{name}.txt".casefold(): 1 for name in pictures})
            self._shorts[folder] = shorts
        return self._shorts[folder]


def write_sidecar(path: Path, text: str, *, synced: bool = True) -> None:
    """Without `synced` it may be lost in a power cut, and thousands are written in a moment. Raises OSError."""
    from mlx_model.whole_file import whole_file

    with whole_file(path, synced=synced) as file:
        file.write(f"{text}\n".encode("utf-8", "backslashreplace"))


def _pictures_in(folder: Path) -> set[str]:
    try:
        return {name for name in os.listdir(folder) if os.path.splitext(name)[1].lower() in PICTURE_ENDINGS}
    except OSError:
        return set()
