"""What people made of captions, kept by picture and task: edits and marks outlive the window, as does what was said.

In a database of its own among the user's data, unlike the record of answers (`answer_store.py`), which can be made
again. An entry goes by the file's path; where the file has another size or date since, what was said of it does not
count any more, and what a person wrote has to be looked at again. What a person made of a caption is found again under
another name, too, by size, date and inode, as long as it stays on its volume. Knows no Qt. For one thread.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from app.asking.answer_store import AnswerStore
from app.folder.album import Entry
from app.inputs.picture_files import Listing, list_pictures

LAST_SHOWN = "last shown"
TOGETHER = 100  # entries


@dataclass(frozen=True)
class Shown:
    """What the section shows: the folders and files that were named, and what is asked about their pictures."""

    sources: tuple[Path, ...] = ()
    recursive: bool = False
    task: str = "caption"
    detail: Any = "auto"


class Reviews:
    """`trouble` says why nothing is kept, where the disk does not let it; then nothing raises."""

    def __init__(self, file: Path) -> None:
        self._store = AnswerStore(file)
        self._pointed: set[tuple[str, str]] = set()

    @property
    def trouble(self) -> str | None:
        return self._store.trouble and f"{self._store.file} cannot be used, so edits and marks will not be kept."

    def open(self, shown: Shown) -> tuple[list[Entry], Listing]:
        """The pictures that are there now, with what is known of them for the task."""
        listing = list_pictures([str(path) for path in shown.sources], recursive=shown.recursive)
        return [self._entry(shown.task, path) for path in listing.files], listing

    def keep(self, task: str, entries: Iterable[Entry]) -> None:
        """In parts, each whole: thousands of rows at once hold up the other threads for a twelfth of a second."""
        waiting = iter(entries)
        while part := list(islice(waiting, TOGETHER)):
            self._store.put_all(row for entry in part for row in self._rows(task, entry))

    def last_shown(self) -> Shown:
        if (kept := self._store.get(LAST_SHOWN)) is None:
            return Shown()
        return Shown(tuple(map(Path, kept["sources"])), kept["recursive"], kept["task"], kept["detail"])

    def remember(self, shown: Shown) -> None:
        sources = list(map(str, shown.sources))
        kept = {"sources": sources, "recursive": shown.recursive, "task": shown.task, "detail": shown.detail}
        self._store.put(LAST_SHOWN, kept)

    def close(self) -> None:
        self._store.close()

    def _entry(self, task: str, path: Path) -> Entry:
        if (kept := self._store.get(_key(task, path))) is None:
            return self._renamed(task, path) or Entry(path)
        stamp = kept.pop("stamp")
        entry = Entry(path, **kept)
        if stamp == _stamp(path):
            return entry
        return replace(entry, record=None, reviewed=False) if entry.edited else Entry(path)

    def _renamed(self, task: str, path: Path) -> Entry | None:
        """What a person made of this file's caption when it had another name."""
        if not (stamp := _stamp(path)) or not (moved := self._store.get(_moved_key(task, stamp))):
            return None
        kept = self._store.get(moved["key"])
        is_its = kept is not None and kept.pop("stamp") == stamp and moved["inode"] == _inode(path)
        return Entry(path, **kept) if kept and is_its and (kept["edited"] or kept["reviewed"]) else None

    def _rows(self, task: str, entry: Entry) -> Iterator[tuple[str, dict[str, Any]]]:
        """An entry under its path; where a person has touched it, once the way to it from another name."""
        key, kept = _key(task, entry.path), _as_kept(entry)
        yield key, kept
        moved = _moved_key(task, kept["stamp"])
        if (entry.edited or entry.reviewed) and (moved, key) not in self._pointed:
            self._pointed.add((moved, key))
            yield moved, {"key": key, "inode": _inode(entry.path)}


def _as_kept(entry: Entry) -> dict[str, Any]:
    kept = {name: getattr(entry, name) for name in ("text", "record", "edited", "reviewed", "written")}
    return {**kept, "stamp": _stamp(entry.path)}


def _key(task: str, path: Path) -> str:
    """A name may be no UTF-8, so not the path itself."""
    return f"{task} {hashlib.sha256(os.fsencode(path.absolute())).hexdigest()}"


def _moved_key(task: str, stamp: list[int]) -> str:
    return f"{task} moved {stamp}"


def _inode(path: Path) -> int:
    """0 for a file that is not there."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]
