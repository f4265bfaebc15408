"""What the model saw in pictures and clips, kept on disk for later runs where the user wants it.

Where it lies, how much there may be, what is there now, and how it goes. Knows no MLX; the files are read and written
by `mlx_model.answering.feature_files`.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.asking.answer_store import cache_folder
from app.settings import Settings

SETTING = "seen_disk_mb"  # 0: nothing is kept
USUAL_MB = 2048  # where it is wanted and no size is set
WHOLE = "*.safetensors"
ATTEMPTS = 10  # at a folder that others write to


def seen_folder() -> Path:
    return cache_folder() / "seen"


def chosen_bytes(wish: bool | None = None) -> int:
    """The most that may be kept: by the settings, unless there is a wish for this run. 0: nothing."""
    chosen: int = 0 if wish is False else Settings()[SETTING]
    return (chosen or (USUAL_MB if wish else 0)) * 2**20


def engine_options(max_bytes: int) -> dict[str, Any]:
    """What to tell `MLXEngine`, at its making or by a `Limit`."""
    return {"feature_folder": seen_folder(), "feature_disk_bytes": max_bytes} if max_bytes else {}


def seen_files() -> list[int]:
    """The size of each kept picture or frame, in bytes."""
    sizes = []
    for file in seen_folder().glob(WHOLE):
        with suppress(FileNotFoundError):  # the one who uses it may remove it any time
            sizes.append(file.stat().st_size)
    return sizes


def forget_seen() -> None:
    """Delete all of it. Programs that run now keep nothing more: without its folder nothing is kept.

    Raises OSError where it cannot be deleted.
    """
    folder = seen_folder()
    for attempt in range(ATTEMPTS):
        for file in _files():
            file.unlink(missing_ok=True)
        try:
            folder.unlink() if folder.is_symlink() else folder.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError:  # another program has just written to it, or there is what is not ours
            if attempt + 1 == ATTEMPTS and any(_files()):
                raise


def _files() -> Iterator[Path]:
    """Ours alone, half-written ones included."""
    folder = seen_folder()
    yield from folder.glob(WHOLE)
    yield from folder.glob(".partial-*")
