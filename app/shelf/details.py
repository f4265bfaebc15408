"""What there is to know about one model: its files, its parts, what it needs, where it came from.

Reads headers and JSON, no weights. Imports MLX, late: headers are read by the code that loads them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.shelf.catalogue import Known, known_as
from app.shelf.finding import Installed, default_name
from app.shelf.hub_cache import cache_folder

if TYPE_CHECKING:
    from mlx_model.measuring.footprint import StoredPart

CONVERSION_REPORT = "conversion.json"
POSITIONS = 1024  # of the answer whose memory is stated: a picture at `high`, its question and some words


@dataclass(frozen=True)
class Details:
    """`memory_bytes` is what one picture takes on this machine.

    `tile` in pixels, with `tokens_per_tile`; None and 0 for a model of words alone. `revision` is the hub's commit.
    `conversion` is the report that the conversion left in the folder.
    """

    name: str
    folder: Path
    notice: str | None
    known: Known | None
    is_default: bool
    revision: str | None
    files: tuple[tuple[str, int], ...]
    parts: "tuple[StoredPart, ...]"
    context: int
    tile: int | None
    tokens_per_tile: int
    memory_bytes: int
    conversion: dict[str, Any] | None

    @property
    def nbytes(self) -> int:
        return sum(size for _, size in self.files)


def describe_model(installed: Installed) -> Details:
    """Raises CheckpointError or RefusedError for a folder whose configuration or headers are broken."""
    from convert.recipe import PARTS, part_of
    from mlx_model.config import read_model_config
    from mlx_model.measuring.footprint import answer_bytes, loaded_bytes, stored_parts

    folder = installed.folder
    config = read_model_config(folder)
    order = [part for _, part in PARTS]
    parts = tuple(sorted(stored_parts(folder, config, part_of), key=lambda part: order.index(part.part)))
    known = known_as(installed.name) or known_as(installed.name.rpartition("-")[0])
    return Details(
        name=installed.name,
        folder=folder,
        notice=installed.notice,
        known=known,
        is_default=default_name() in (installed.name, str(folder.resolve()), known.name if known else ""),
        revision=_revision(folder),
        files=tuple((path.name, path.stat().st_size) for path in sorted(folder.iterdir()) if path.is_file()),
        parts=parts,
        context=config.text.max_position_embeddings,
        tile=config.vision.image_size if config.vision else None,
        tokens_per_tile=config.tokens_per_tile,
        memory_bytes=loaded_bytes(parts) + answer_bytes(config, POSITIONS),
        conversion=read_report(folder),
    )


def read_report(folder: Path) -> dict[str, Any] | None:
    """What the conversion measured, as it wrote it; None where there is no report that can be read."""
    try:
        report = json.loads((folder / CONVERSION_REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) else None


def _revision(folder: Path) -> str | None:
    """The commit of a snapshot in the hub's cache, which is its folder's name."""
    is_snapshot = folder.parent.name == "snapshots" and folder.resolve().is_relative_to(cache_folder().resolve())
    return folder.name if is_snapshot else None
