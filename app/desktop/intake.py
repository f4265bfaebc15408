"""What was dropped or pasted, as files and pictures to open. Fetches nothing: an address alone is no picture here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

MOST_OF_A_FOLDER = 20
ADDRESS_ONLY = "Only the picture's address came, and Smolsight fetches nothing: copy the picture itself."


@dataclass(frozen=True)
class Intake:
    """Files, or a picture that has none; `problem` says what could not be taken."""

    paths: tuple[Path, ...] = ()
    image: QImage | None = None
    problem: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.paths and self.image is None


def can_take(mime: QMimeData) -> bool:
    return mime.hasImage() or mime.hasUrls()


def take(mime: QMimeData) -> Intake:
    """Files come before pixels: a file manager offers its icon, too."""
    paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
    if paths:
        return from_paths(paths)
    if mime.hasImage() and isinstance(image := mime.imageData(), QImage) and not image.isNull():
        return Intake(image=image)
    return Intake(problem=ADDRESS_ONLY if mime.hasUrls() else "There is no picture on the clipboard.")


def from_paths(paths: list[Path]) -> Intake:
    """Files as they are, folders as what lies in them."""
    found, problems = [], []
    for path in paths:
        inside = list(_files_in(path)) if path.is_dir() else [path]
        found += inside[:MOST_OF_A_FOLDER]
        if len(inside) > MOST_OF_A_FOLDER:
            problems.append(f"{path.name} holds {len(inside):,} files; the first {MOST_OF_A_FOLDER} were opened.")
        elif not inside:
            problems.append(f"{path.name} holds no files.")
    return Intake(tuple(found), problem=" ".join(problems))


def _files_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            yield path
