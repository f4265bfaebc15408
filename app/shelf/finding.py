"""What `--model` can name, and where each model lies.

Converted checkpoints live in one folder (`models_folder`), as `org/name-4bit`; checkpoints in the hub's own form in the
hub's cache; the embedded one among the assets. Looks, never downloads, and reads no weights.
"""

import json
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path

from app.shelf.catalogue import catalogue, is_hub_id, known_as
from app.shelf.hub_cache import find_snapshot
from mlx_model.errors import ModelNotFoundError

log = logging.getLogger(__name__)

EMBEDDED = "embedded"
DEFAULT_FILE = "default.txt"  # in `models_folder`


@dataclass(frozen=True)
class Installed:
    """A checkpoint on this machine. `notice` is what its user has to be told each time: what it knows and what not."""

    name: str
    folder: Path
    notice: str | None = None


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


def hub_id_of(name: str) -> str | None:
    """The hub's id for a short name of the catalogue or an id itself; None for anything else."""
    known = next((known.hub_id for known in catalogue() if known.name == name.lower()), name)
    return known if is_hub_id(known) else None


def find_model(name: str | None = None) -> Installed:
    """The checkpoint that `--model` names: a folder, a short name, or an id that is installed.

    None is the user's own default, else the best one here: of what was converted the catalogue's in its order, then
    others that see; then what the hub's cache holds; then the embedded one. Raises ModelNotFoundError, whose sentence
    says what to run.
    """
    if name is None:
        return _chosen() or _best_installed()
    if (folder := Path(name)).is_dir():
        return Installed(folder.resolve().name, folder)
    if name == EMBEDDED:
        return _embedded()
    if installed := _find_id(hub_id_of(name) or name):
        return installed
    raise ModelNotFoundError(_how_to_get(name))


def list_converted() -> list[str]:
    """Ids of the converted checkpoints on the shelf: their paths inside `models_folder`, sorted."""
    shelf = models_folder()
    configs = [*shelf.glob("*/config.json"), *shelf.glob("*/*/config.json")]
    return sorted(config.parent.relative_to(shelf).as_posix() for config in configs)


def find_downloaded(hub_id: str) -> Path | None:
    """The complete snapshot in the hub's cache: the one that the catalogue pins if it is here, else the newest."""
    known = known_as(hub_id)
    return find_snapshot(hub_id, known.revision if known else None)


def default_name() -> str | None:
    """The model that the user chose for every command without `--model`; None when it is Smolsight's choice."""
    try:
        return (models_folder() / DEFAULT_FILE).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def set_default(name: str | None) -> Installed | None:
    """Choose the model for commands without `--model`; None gives the choice back. Raises ModelNotFoundError."""
    file = models_folder() / DEFAULT_FILE
    if name is None:
        file.unlink(missing_ok=True)
        return None
    installed = find_model(name)
    if not (installed.folder / "config.json").is_file():
        raise ModelNotFoundError(f"{installed.folder} has no config.json, so it is no model folder.")
    chosen = str(installed.folder.resolve()) if Path(name).is_dir() else installed.name
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{DEFAULT_FILE}.partial")
    partial.write_text(chosen + "\n", encoding="utf-8")
    partial.replace(file)
    return installed


def _chosen() -> Installed | None:
    name = default_name()
    try:
        return find_model(name) if name else None
    except ModelNotFoundError:
        log.warning("The default model %s is not here any more; another one answers.", name)
        return None


def _find_id(wanted: str) -> Installed | None:
    """A checkpoint of that id: converted here, else as the hub has it in the hub's cache."""
    if converted := _find_converted(wanted):
        return converted
    snapshot = find_downloaded(wanted) if is_hub_id(wanted) else None
    return Installed(wanted, snapshot) if snapshot else None


def _find_converted(wanted: str) -> Installed | None:
    """Of several packings of the same checkpoint the most exact one."""
    found = [
        (bits, model_id) for model_id in list_converted() if (bits := _bits_if_named(model_id, wanted)) is not None
    ]
    return _on_shelf(max(found)[1]) if found else None


def _bits_if_named(model_id: str, wanted: str) -> int | None:
    """The bits of a converted checkpoint (0 where its name has none) if `wanted` names it; both may lack the "org/"."""
    organisation, _, name = wanted.rpartition("/")
    before = re.escape(organisation) if organisation else "[^/]+"
    found = re.fullmatch(rf"({before}/)?{re.escape(name)}(-(?P<bits>\d+)bit)?", model_id)
    return int(found["bits"] or 0) if found else None


def _on_shelf(model_id: str) -> Installed:
    return Installed(model_id, models_folder() / model_id)


def _best_installed() -> Installed:
    """What the user chose to convert goes before what another program left in the hub's cache."""
    published = [known.hub_id for known in catalogue() if known.purpose == "pictures"]
    others = [_on_shelf(model_id) for model_id in list_converted() if not _is_of_the_catalogue(model_id)]
    candidates = [
        *map(_find_converted, published),
        *(other for other in others if _has_eyes(other.folder)),
        *map(_find_id, published),
    ]
    return next((found for found in candidates if found), None) or _embedded()


def _is_of_the_catalogue(model_id: str) -> bool:
    """Document models are asked for by name: they answer every picture with the markup of a page."""
    return any(_bits_if_named(model_id, known.hub_id) is not None for known in catalogue())


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


def _how_to_get(name: str) -> str:
    if Path(name).is_file():
        return f"{name} is a file, not a model folder; a .gguf file becomes one with: smolsight convert {name}"
    if hub_id := hub_id_of(name):
        return f"The model {name} is not installed; to download and convert it: smolsight convert {hub_id}"
    if "/" in name or "\\" in name:
        return f"There is no model folder {name}."
    names = ", ".join([EMBEDDED, *(known.name for known in catalogue())])
    return f"No installed model is called {name}; give a folder, an id that is installed, or one of: {names}."
