"""The pictures of the history: files named after the SHA-256 of their content, with a thumbnail beside each.

A file is kept as it was opened, so no quality is lost; what has none (pasted, cut out) becomes a PNG.
"""

import hashlib
import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from app.conversation import Medium
from app.history.records import SavedMedium

if TYPE_CHECKING:
    from PIL import Image

THUMBNAIL = 96
MOST_KEPT = 64 * 2**20  # bytes: a file larger than this is kept as its pixels


class PictureFolder:
    """Writes, finds and removes. For one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: WeakKeyDictionary[Medium, SavedMedium] = WeakKeyDictionary()

    def keep(self, medium: SavedMedium) -> SavedMedium:
        """The medium with its file on the disk. A clip stays where it is."""
        made = medium.made
        if made is None:
            return medium
        if made not in self._kept:
            self._kept[made] = self._write(made)
        return self._kept[made]

    def path(self, file: str) -> Path:
        return self._folder / Path(file).name

    def thumbnail(self, medium: SavedMedium) -> Path | None:
        path = self._small(medium.file if medium.kind == "picture" else _digest(medium.file.encode()))
        return path if path.is_file() else None

    def add(self, content: bytes) -> str:
        """Keep a picture's bytes; the name of its file. Raises InputError where they are no picture."""
        from mlx_model.media.image_files import open_image

        return self._store(content, open_image(BytesIO(content)))

    def remove_all_but(self, files: set[str]) -> None:
        """Remove every picture that no conversation names."""
        if not self._folder.is_dir():
            return
        small = {self._small(file).name for file in files} | {
            self._small(_digest(file.encode())).name for file in files
        }
        for path in self._folder.iterdir():
            if path.name not in files and path.name not in small:
                path.unlink(missing_ok=True)

    def _write(self, made: Medium) -> SavedMedium:
        from mlx_model.prompting.prompt import Picture

        if isinstance(made.part, Picture):
            image = made.part.image
            return SavedMedium("picture", made.name, self._store(_content(made, image), image))
        path = str(made.part.path.absolute())
        if (picture := made.as_thumbnail()) is not None:
            self._put(self._small(_digest(path.encode())), picture)
        part = made.span
        start, end = (None, None) if part is None or part.is_whole else (part.start, part.end)
        return SavedMedium("clip", made.name, path, start, end)

    def _store(self, content: bytes, image: "Image.Image") -> str:
        name = _digest(content)
        if not (path := self._folder / name).is_file():
            self._put(path, content)
            small, buffer = image.copy(), BytesIO()
            small.thumbnail((THUMBNAIL, THUMBNAIL))
            small.save(buffer, "PNG")
            self._put(self._small(name), buffer.getvalue())
        return name

    def _put(self, path: Path, content: bytes) -> None:
        from mlx_model.whole_file import whole_file

        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole_file(path, private=True) as file:
            file.write(content)

    def _small(self, name: str) -> Path:
        return self._folder / f"{Path(name).name}-small"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _content(made: Medium, image: "Image.Image") -> bytes:
    """The file's own bytes where they still hold what was shown, else the pixels."""
    from mlx_model.media.image_files import open_image

    try:
        if made.file is not None and os.path.getsize(made.file) <= MOST_KEPT:
            content = made.file.read_bytes()
            if open_image(BytesIO(content)).tobytes() == image.tobytes():
                return content
    except Exception:  # gone, changed to something else, on a volume that is not there any more
        pass
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
