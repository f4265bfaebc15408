"""All models by name: those on this machine, wherever they lie, and those of the catalogue that are not here.

Looks at folders and small JSON files, never at weights. Knows no network.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.shelf.catalogue import Known, catalogue, is_hub_id, known_as
from app.shelf.finding import EMBEDDED, find_downloaded, find_model, list_converted, models_folder
from app.shelf.hub_cache import list_repositories, repository_folder
from mlx_model.errors import ModelNotFoundError

Place = Literal["embedded", "shelf", "hub cache", "catalogue"]

VISION_MODELS = ("smolvlm", "idefics3")


@dataclass(frozen=True)
class Entry:
    """A model. `name` is what `--model` takes; `folder` is None for one that is not here or only begun.

    `nbytes`: what it takes on the disk, or for one of the catalogue what it would, None where that is not known. `bits`
    are those that most weights of the decoder have, None for 16 and more.
    """

    name: str
    place: Place
    folder: Path | None
    nbytes: int | None
    bits: int | None = None
    known: Known | None = None

    @property
    def is_here(self) -> bool:
        return self.folder is not None

    @property
    def is_begun(self) -> bool:
        """Whether its download was interrupted."""
        return self.place == "hub cache" and self.folder is None


def list_models() -> list[Entry]:
    """What is here, then what the catalogue has besides, each in the order of usefulness."""
    here = [*_embedded(), *map(_converted, list_converted()), *_downloaded()]
    have = {entry.name for entry in here}
    return here + [
        Entry(known.hub_id, "catalogue", None, known.download_bytes, known=known)
        for known in catalogue()
        if known.hub_id not in have
    ]


def find_entries(name: str) -> list[Entry]:
    """The models here that `name` may mean: the one of exactly that name, else all of a short name or an id."""
    here = [entry for entry in list_models() if entry.place != "catalogue"]
    if exact := [entry for entry in here if entry.name == name]:
        return exact
    return [entry for entry in here if entry.known and name.lower() in (entry.known.name, entry.known.hub_id.lower())]


def disk_usage(folder: Path) -> int:
    """Bytes of the files below a folder; a link counts nothing, what it points to is counted where it lies."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(file.stat().st_size for file in files)


def read_config(folder: Path) -> dict[str, Any]:
    """A folder's config.json, empty where it cannot be read: whoever uses the model says why."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def _embedded() -> list[Entry]:
    try:
        folder = find_model(EMBEDDED).folder
    except ModelNotFoundError:
        return []
    return [Entry(EMBEDDED, "embedded", folder, disk_usage(folder), _bits(folder))]


def _converted(model_id: str) -> Entry:
    folder = models_folder() / model_id
    source = model_id.rpartition("-")[0] if model_id.endswith("bit") else model_id
    return Entry(model_id, "shelf", folder, disk_usage(folder), _bits(folder), known_as(source))


def _downloaded() -> list[Entry]:
    entries = []
    for hub_id in filter(is_hub_id, list_repositories()):
        if known_as(hub_id) or _sees(hub_id):
            folder = find_downloaded(hub_id)
            nbytes = disk_usage(repository_folder(hub_id))
            entries.append(Entry(hub_id, "hub cache", folder, nbytes, _bits(folder), known_as(hub_id)))
    order = [known.hub_id for known in catalogue()]
    return sorted(entries, key=lambda entry: order.index(entry.name) if entry.name in order else len(order))


def _sees(hub_id: str) -> bool:
    """Whether a repository that another program fetched is one of our family."""
    snapshots = repository_folder(hub_id).glob("snapshots/*")
    return any(read_config(snapshot).get("model_type") in VISION_MODELS for snapshot in snapshots)


def _bits(folder: Path | None) -> int | None:
    quantization = read_config(folder).get("quantization") if folder else None
    bits = quantization.get("bits") if isinstance(quantization, dict) else None
    return bits if isinstance(bits, int) else None
