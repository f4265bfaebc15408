"""Where the Hugging Face hub's own cache keeps a checkpoint that is already on this machine.

Reads the cache's folder layout alone: no import of huggingface_hub (its start costs more than a look at the disk) and
no socket. Knows nothing of downloads. https://huggingface.co/docs/huggingface_hub/guides/manage-cache
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


def find_snapshot(hub_id: str) -> Path | None:
    """The folder of a complete snapshot of `hub_id` ("org/name"), its main revision; None when there is none."""
    repository = cache_folder() / f"models--{hub_id.replace('/', '--')}"
    try:
        revision = (repository / "refs" / "main").read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    snapshot = repository / "snapshots" / revision
    return snapshot if revision and is_complete(snapshot) else None


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
