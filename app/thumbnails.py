"""Small copies of pictures and clips, kept on disk within a byte budget, so that a large file is decoded once.

A copy is known by the file's path, size and date. Where the disk does not let it, nothing is kept; what raises is the
picture alone. Knows no Qt; any thread may call.
"""

import hashlib
import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from app.asking.answer_store import cache_folder

if TYPE_CHECKING:
    from PIL import Image

SIDE = 400  # pixels of the long edge: 200 logical ones on a sharp screen
QUALITY = 85
DISK_BYTES = 256 * 2**20  # some 15,000 copies


class Thumbnails:
    """JPEG files in a folder of the cache."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder() / "thumbnails"

    def of(self, path: Path) -> bytes:
        """A JPEG of the picture, or of a clip's first frame. Raises InputError, OSError."""
        status = path.stat()
        key = hashlib.sha256(f"{SIDE} {status.st_size} {status.st_mtime_ns} ".encode() + os.fsencode(path.absolute()))
        file = self.folder / f"{key.hexdigest()}.jpg"
        try:
            content = file.read_bytes()
            os.utime(file)
        except OSError:
            content = _small(path)
            self._keep(file, content)
        return content

    def trim(self, most_bytes: int = DISK_BYTES) -> None:
        """Remove what was looked at longest ago, until the rest takes no more than this."""
        with suppress(OSError), os.scandir(self.folder) as entries:
            files = [(entry.stat().st_mtime_ns, entry.stat().st_size, entry.path) for entry in entries]
            total = sum(size for _, size, _ in files)
            for _, size, path in sorted(files):
                if total <= most_bytes:
                    break
                os.unlink(path)
                total -= size

    def _keep(self, file: Path, content: bytes) -> None:
        from mlx_model.whole_file import whole_file

        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with whole_file(file, private=True, synced=False) as stream:
                stream.write(content)


def _small(path: Path) -> bytes:
    image = _open(path)
    image.thumbnail((SIDE, SIDE), reducing_gap=2.0)
    stream = BytesIO()
    image.save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def _open(path: Path) -> "Image.Image":
    from app.inputs.media import holds_clip
    from app.terminal import one_line
    from mlx_model.media.image_files import open_image

    name = one_line(str(path))
    if not holds_clip(path, name):
        return open_image(path, name, at_least=SIDE // 2)
    from PIL import Image

    from mlx_model.media.video_decoder import stream_frames

    return Image.fromarray(next(iter(stream_frames(path, name, [0]))))
