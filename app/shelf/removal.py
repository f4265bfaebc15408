"""Removing a model: from the shelf, or with all its revisions from the hub's cache. Nothing else is ever touched.

Asks nobody: whoever calls this has asked. What links point to outside the shelf stays.
"""

import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from app.shelf.finding import default_name, find_model, models_folder, set_default
from app.shelf.hub_cache import cache_folder, repository_folder
from app.shelf.inventory import Entry, find_entries
from mlx_model.errors import ModelNotFoundError, RefusedError

_LEFTOVER = re.compile(r"\.(.+)\.(partial|replaced)-[0-9a-f]+")


def find_removable(name: str) -> Entry:
    """The one model that `name` means. Raises ModelNotFoundError, RefusedError for what is not ours to remove."""
    entries = find_entries(name)
    if len(entries) > 1:
        names = ", ".join(entry.name for entry in entries)
        raise RefusedError(f"{name} may mean several models; name the one to remove: {names}.")
    if not entries:
        if Path(name).is_dir():
            raise RefusedError(f"{name} is a folder outside {models_folder()}: remove it yourself.")
        raise ModelNotFoundError(f"No model here is called {name}; to see what there is: smolsight models list")
    if entries[0].place == "embedded":
        raise RefusedError("The embedded model is a part of Smolsight and cannot be removed.")
    return entries[0]


def removed_path(entry: Entry) -> Path:
    """The folder that `remove` would remove."""
    return models_folder() / entry.name if entry.place == "shelf" else repository_folder(entry.name)


def remove(entry: Entry) -> None:
    """Remove a model that is on the shelf or in the hub's cache. Raises RefusedError, and OSError."""
    path = removed_path(entry)
    root = models_folder() if entry.place == "shelf" else cache_folder()
    if entry.place not in ("shelf", "hub cache") or not _is_inside(path, root):
        raise RefusedError(f"{path} does not lie in {root}: nothing was removed.")
    if path.is_symlink():
        path.unlink()
    elif entry.place == "shelf":
        _remove_converted(path)
    else:
        _remove_downloaded(path)
    if (name := default_name()) and not _is_found(name):
        set_default(None)


def _remove_converted(folder: Path) -> None:
    # Under a name that the next conversion would clear away, should this one be killed half-way.
    gone = folder.with_name(f".{folder.name}.partial-{secrets.token_hex(4)}")
    folder.rename(gone)
    shutil.rmtree(gone)
    _remove_leftovers(folder.parent)
    if folder.parent != models_folder():
        with suppress(OSError):  # other models of the same organisation
            folder.parent.rmdir()


def _remove_downloaded(repository: Path) -> None:
    # What makes it count as whole goes first, should this be killed half-way.
    for name in ("refs", "snapshots"):
        shutil.rmtree(repository / name, ignore_errors=True)
    shutil.rmtree(repository)
    shutil.rmtree(repository.parent / ".locks" / repository.name, ignore_errors=True)


def _remove_leftovers(folder: Path) -> None:
    """What killed conversions have left beside this model."""
    from convert.output_folder import remove_leftovers

    for path in list(folder.iterdir()):
        if leftover := _LEFTOVER.fullmatch(path.name):
            remove_leftovers(folder / leftover[1])


def _is_inside(path: Path, root: Path) -> bool:
    """Whether a path is an entry below a folder; the path itself may be a link."""
    return root.resolve() in (path.parent.resolve(), *path.parent.resolve().parents)


def _is_found(name: str) -> bool:
    try:
        find_model(name)
    except ModelNotFoundError:
        return False
    return True
