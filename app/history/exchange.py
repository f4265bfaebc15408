"""A conversation as a folder for people and programs: Markdown, JSON and its pictures; and back from such a folder.

The folder appears whole or not at all.
"""

import json
import math
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Any

from app.answers import footer
from app.asking.tasks import tasks
from app.history.records import Saved, SavedMedium, SavedTurn
from app.history.store import HistoryStore
from mlx_model.errors import InputError

KIND = "smolsight history"
VERSION = 1
JSON, MARKDOWN, PICTURES = "conversation.json", "conversation.md", "pictures"
STATES = ("done", "stopped", "failed")


def export(store: HistoryStore, key: str, folder: Path) -> Path:
    """Write a conversation into a new folder `folder`; its path. Raises OSError, FileExistsError among them."""
    saved = store.read(key)
    if saved is None:
        raise FileNotFoundError(f"There is no conversation {key} any more.")
    if folder.exists():
        raise FileExistsError(f"{folder} is there already; choose another name.")
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder.parent))
    try:
        names = _copy_pictures(store, saved, partial / PICTURES)
        whole = {"kind": KIND, "version": VERSION, **_with_names(saved, names)}
        (partial / JSON).write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (partial / MARKDOWN).write_text(_markdown(saved, names), encoding="utf-8")
        partial.chmod(0o755)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return folder


def import_from(store: HistoryStore, path: Path) -> str:
    """Keep the conversation of a folder (or its JSON file) that `export` wrote, as a new one; its id.

    Raises InputError for anything else, before anything is kept.
    """
    folder = path if path.is_dir() else path.parent
    try:
        record = json.loads((folder / JSON).read_text(encoding="utf-8"))
        if record["kind"] != KIND or record["version"] != VERSION:
            raise ValueError(f"it is no {KIND} of version {VERSION}")
        turns = tuple(_turn(store, folder, row) for row in record["turns"])
        saved = Saved(
            uuid.uuid4().hex, str(record["title"]), turns, True, float(record["created"]), float(record["changed"])
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} could not be read as an exported conversation ({error}).") from error
    store.save(saved)
    return saved.id


def _copy_pictures(store: HistoryStore, saved: Saved, folder: Path) -> dict[str, str]:
    """Copy each picture once; the names that they have there by those that they have here."""
    names: dict[str, str] = {}
    for medium in (medium for turn in saved.turns for medium in turn.media):
        source = store.pictures.path(medium.file)
        if medium.kind == "picture" and medium.file not in names and source.is_file():
            folder.mkdir(exist_ok=True)
            names[medium.file] = f"{len(names) + 1}{_ending(source)}"
            shutil.copyfile(source, folder / names[medium.file])
    return names


def _ending(picture: Path) -> str:
    from PIL import Image

    try:
        with Image.open(picture) as opened:
            return {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif"}.get(str(opened.format), f".{opened.format}".lower())
    except OSError:
        return ".heic"


def _with_names(saved: Saved, names: dict[str, str]) -> dict[str, Any]:
    values = saved.as_json()
    for medium in (medium for turn in values["turns"] for medium in turn["media"]):
        if medium["file"] in names:
            medium["file"] = f"{PICTURES}/{names[medium['file']]}"
    return values


def _markdown(saved: Saved, names: dict[str, str]) -> str:
    parts = [f"# {saved.title}"]
    for turn in saved.turns:
        for medium in turn.media:
            shown = names.get(medium.file)
            parts.append(f"![{medium.name}]({PICTURES}/{shown})" if shown else f"*{medium.name}*")
        parts.append("\n".join(f"> {line}" for line in turn.question.splitlines()))
        parts.append(turn.answer or f"*{turn.note or 'No answer.'}*")
        if turn.record and (facts := footer.facts(turn.record)):
            parts.append(f"*{facts}*")
    return "\n\n".join(parts) + "\n"


def _turn(store: HistoryStore, folder: Path, row: dict[str, Any]) -> SavedTurn:
    media = tuple(_medium(store, folder, medium) for medium in row["media"])
    if row["state"] not in STATES or not isinstance(row["question"], str) or not isinstance(row["answer"], str):
        raise ValueError("a turn in it is none")
    task = row["task"] if row["task"] in tasks() else None
    record = row["record"] if isinstance(row["record"], dict) else None
    alone = row.get("alone") is True  # no part of what the first version wrote
    return SavedTurn(row["question"], row["answer"], row["state"], str(row["note"]), task, record, media, alone)


def _medium(store: HistoryStore, folder: Path, row: dict[str, Any]) -> SavedMedium:
    if row["kind"] != "picture":
        start, end = (None if row.get(key) is None else float(row[key]) for key in ("start", "end"))
        if not all(second is None or math.isfinite(second) for second in (start, end)):
            raise ValueError(f"the times of {row['name']} are none")
        return SavedMedium("clip", row["name"], str(row["file"]), start, end)
    # By its name alone: a file from elsewhere must not reach out of its folder.
    content = (folder / PICTURES / Path(row["file"]).name).read_bytes()
    return SavedMedium("picture", row["name"], store.pictures.add(content))
