"""What was dropped or pasted, as files and pictures to open. Fetches nothing: an address alone is no picture here."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from app.inputs.data_urls import picture_in_address, picture_in_page
from app.inputs.picture_files import CLIP_ENDINGS, PICTURE_ENDINGS, natural_order

MOST_AT_ONCE = 20  # files that one question may be about; more are a folder's business
ADDRESS_ONLY = "Only the picture's address came, and Smolsight fetches nothing: copy the picture itself."


@dataclass(frozen=True)
class Intake:
    """Files, or a picture that has none; `many` are folders and files with too much in them to be opened one by one.

    `problem` says what could not be taken.
    """

    paths: tuple[Path, ...] = ()
    image: QImage | None = None
    problem: str = ""
    many: tuple[Path, ...] = ()


def files(mime: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]


def can_take(mime: QMimeData) -> bool:
    return mime.hasImage() or mime.hasUrls()


def take(mime: QMimeData) -> Intake:
    """Files come before pixels: a file manager offers its icon, too. A browser may put pixels into an address."""
    if paths := files(mime):
        return from_paths(paths)
    if mime.hasImage() and isinstance(image := mime.imageData(), QImage) and not image.isNull():
        return Intake(image=image)
    if not (image := _brought_along(mime)).isNull():
        return Intake(image=image)
    return Intake(problem=ADDRESS_ONLY if mime.hasUrls() else "There is no picture on the clipboard.")


def from_paths(paths: list[Path]) -> Intake:
    """Files as they are, folders as what lies in them, where that is not too much."""
    found: list[Path] = []
    problems: list[str] = []
    for path in paths:
        try:
            inside = list(islice(_files_in(path), MOST_AT_ONCE + 1)) if path.is_dir() else [path]
        except OSError as error:
            problems.append(f"{path.name} could not be read: {error.strerror}.")
            continue
        found += map(Path, natural_order([str(file) for file in inside]))
        if len(found) > MOST_AT_ONCE:
            return Intake(many=tuple(paths))
        if not inside:
            problems.append(f"{path.name} holds no picture and no clip.")
    return Intake(tuple(found), problem=" ".join(problems))


def _brought_along(mime: QMimeData) -> QImage:
    held = [picture_in_address(url.toString()) for url in mime.urls() if url.scheme() == "data"]
    held += [picture_in_page(mime.html())] if mime.hasHtml() else []
    return next((QImage.fromData(content) for content in held if content), QImage())


def _files_in(folder: Path) -> Iterator[Path]:
    """Pictures and clips by their names' endings; what else lies there was not meant.

    In no order, so that a look at a few of 100,000 takes no time.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            is_shown = os.path.splitext(entry.name)[1].lower() in PICTURE_ENDINGS | CLIP_ENDINGS
            if is_shown and not entry.name.startswith(".") and entry.is_file():
                yield Path(entry)
