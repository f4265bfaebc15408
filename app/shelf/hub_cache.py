"""The Hugging Face hub's own cache, which other programs share: where it keeps a checkpoint, and how whole that is.

Knows the cache's folder layout alone: no import of huggingface_hub (its start costs more than a look at the disk) and
no socket. Knows nothing of downloads. https://huggingface.co/docs/huggingface_hub/guides/manage-cache

    models--org--name/  blobs/<checksum>   snapshots/<commit>/<file> -> ../../blobs/<checksum>   refs/main: <commit>
"""

import json
import os
from pathlib import Path


def cache_folder() -> Path:
    """The hub's cache, moved by the same environment variables as in huggingface_hub."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if folder := os.environ.get(variable):
            return Path(folder).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(caches).expanduser() / "huggingface" / "hub"


def repository_folder(hub_id: str) -> Path:
    """Where the cache keeps everything of the model `hub_id` ("org/name"); it need not be there."""
    return cache_folder() / f"models--{hub_id.replace('/', '--')}"


def list_repositories() -> list[str]:
    """Ids of the models that the cache holds something of, sorted."""
    folders = [folder for folder in cache_folder().glob("models--*--*") if folder.is_dir()]
    return sorted(folder.name.removeprefix("models--").replace("--", "/", 1) for folder in folders)


def main_revision(hub_id: str) -> str | None:
    """The commit that the cache takes for the newest one."""
    try:
        return (repository_folder(hub_id) / "refs" / "main").read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def find_snapshot(hub_id: str, revision: str | None = None) -> Path | None:
    """The folder of a complete snapshot of `hub_id`: of `revision` if it is here, else the newest one; or None."""
    for commit in (revision, main_revision(hub_id)):
        if commit and is_complete(snapshot := repository_folder(hub_id) / "snapshots" / commit):
            return snapshot
    return None


def is_complete(folder: Path) -> bool:
    """Whether config, tokenizer and every file of weights are there: an interrupted download lacks some of them."""
    if not all((folder / name).is_file() for name in ("config.json", "tokenizer.json")):
        return False
    if (folder / "model.safetensors").is_file():
        return True
    try:
        shards = set(json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"].values())
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return False
    return bool(shards) and all(isinstance(shard, str) and (folder / shard).is_file() for shard in shards)
