"""The models on this machine: what `--model` can name, and where each one lies.

Converted checkpoints live in one folder (`models_folder`), as `org/name-4bit`; checkpoints in the hub's own form in the
hub's cache; the embedded one among the assets. Looks, never downloads, and reads no weights.
"""

import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.hub_cache import find_snapshot
from mlx_model.errors import ModelNotFoundError

EMBEDDED = "embedded"


@dataclass(frozen=True)
class Installed:
    """A checkpoint on this machine. `notice` is what its user has to be told each time: what it knows and what not."""

    name: str
    folder: Path
    notice: str | None = None


@dataclass(frozen=True)
class Known:
    """A published checkpoint with a short name; `purpose` is "pictures", "documents" or "words"."""

    name: str
    hub_id: str
    purpose: str


@cache
def catalogue() -> tuple[Known, ...]:
    """The published checkpoints that have a short name, the most able of each purpose first."""
    rows = json.loads((Path(__file__).parent / "catalogue.json").read_text(encoding="utf-8"))["models"]
    return tuple(Known(row["name"], row["id"], row["for"]) for row in rows)


def models_folder() -> Path:
    """Where converted checkpoints live: SMOLSIGHT_MODELS, else the platform's folder for a user's data."""
    if folder := os.environ.get("SMOLSIGHT_MODELS"):
        return Path(folder).expanduser()
    import platformdirs

    return platformdirs.user_data_path("smolsight", appauthor=False) / "models"


def converted_folder(source: str, bits: int | None) -> Path:
    """Where a conversion of `source` belongs on the shelf.

    `source` is a hub id ("org/name"), a folder or a .gguf file; `bits` None is a file whose own packing was kept.
    """
    from_hub = is_hub_id(source) and not source.endswith(".gguf") and not Path(source).exists()
    name = source if from_hub else Path(source).resolve().name.removesuffix(".gguf")
    return models_folder() / (f"{name}-{bits}bit" if bits else name)


def is_hub_id(name: str) -> bool:
    """Whether `name` has the form "org/name" of the hub."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", name, re.ASCII) is not None


def find_model(name: str | None = None) -> Installed:
    """The checkpoint that `--model` names: a folder, a short name, or an id that is installed.

    None is the best one here: of the catalogue in its order, then whatever else was converted, then the embedded one.
    Raises ModelNotFoundError, whose sentence says what to run.
    """
    if name is None:
        return _best_installed()
    if (folder := Path(name)).is_dir():
        return Installed(folder.resolve().name, folder)
    if name == EMBEDDED:
        return _embedded()
    known = next((known for known in catalogue() if known.name == name.lower()), None)
    if installed := _find_id(known.hub_id if known else name):
        return installed
    raise ModelNotFoundError(_how_to_get(name, known.hub_id if known else None))


def list_converted() -> list[str]:
    """Ids of the converted checkpoints on the shelf: their paths inside `models_folder`, sorted."""
    shelf = models_folder()
    configs = [*shelf.glob("*/config.json"), *shelf.glob("*/*/config.json")]
    return sorted(config.parent.relative_to(shelf).as_posix() for config in configs)


def _find_id(wanted: str) -> Installed | None:
    """A converted checkpoint of that id, whole or without its organisation; of several packings the most exact one."""
    converted = [
        (int(found["bits"] or 0), model_id)
        for model_id in list_converted()
        if (found := re.fullmatch(rf"([^/]+/)?{re.escape(wanted)}(-(?P<bits>\d+)bit)?", model_id))
    ]
    if converted:
        model_id = max(converted)[1]
        return Installed(model_id, models_folder() / model_id)
    snapshot = find_snapshot(wanted) if is_hub_id(wanted) else None
    return Installed(wanted, snapshot) if snapshot else None


def _best_installed() -> Installed:
    published = [known for known in catalogue() if known.purpose == "pictures"]
    for known in published:
        if installed := _find_id(known.hub_id):
            return installed
    for model_id in list_converted():
        folder = models_folder() / model_id
        if _has_eyes(folder) and not _is_of_the_catalogue(model_id):
            return Installed(model_id, folder)
    return _embedded()


def _is_of_the_catalogue(model_id: str) -> bool:
    """Document models are asked for by name: they answer every picture with the markup of a page."""
    return any(re.fullmatch(rf"{re.escape(known.hub_id)}(-\d+bit)?", model_id) for known in catalogue())


def _has_eyes(folder: Path) -> bool:
    try:
        return "vision_config" in json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def _embedded() -> Installed:
    import assets

    folder = assets.path(EMBEDDED)
    if not (folder / "config.json").is_file():
        raise ModelNotFoundError(f"The embedded model is missing from {folder}; install Smolsight again.")
    return Installed(EMBEDDED, folder, (folder / "notice.txt").read_text(encoding="utf-8").strip())


def _how_to_get(name: str, hub_id: str | None) -> str:
    if Path(name).is_file():
        return f"{name} is a file, not a model folder; a .gguf file becomes one with: smolsight convert {name}"
    if hub_id or is_hub_id(name):
        return f"The model {name} is not installed; to download and convert it: smolsight convert {hub_id or name}"
    if "/" in name or "\\" in name:
        return f"There is no model folder {name}."
    names = ", ".join([EMBEDDED, *(known.name for known in catalogue())])
    return f"No installed model is called {name}; give a folder, an id that is installed, or one of: {names}."
