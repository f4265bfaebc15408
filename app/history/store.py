"""The history's database: conversations in, lines of a list and whole conversations out. For one thread.

Rows are thrown away in two steps, so that a deletion can be taken back until the program ends. Knows no widget, and of
models nothing but what a record says.
"""

import json
import os
import re
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from app.history.pictures import PictureFolder
from app.history.records import Entry, Saved, SavedMedium, SavedTurn
from app.history.schema import NewerHistoryError, is_damage, prepare

FILE = "history.sqlite"
COLUMNS = "question, answer, state, note, task, record, media, alone"  # of a turn


def open_store(folder: Path) -> "tuple[HistoryStore | None, str]":
    """The history in a folder, and a sentence where something was wrong with it.

    A damaged database is set aside under another name and a new one begun. None where there can be no history at all.
    """
    try:
        return HistoryStore(folder), ""
    except NewerHistoryError:
        return None, f"The history in {folder} is of a newer Smolsight; nothing is kept until that is installed."
    except (sqlite3.Error, OSError) as error:
        if not is_damage(error):
            return None, f"There is no history: {folder} cannot be written ({error})."
        aside = _set_aside(folder / FILE)
        return HistoryStore(folder), f"The history was damaged and a new one begun; the old one is kept as {aside}."


def _set_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.stem}-damaged-{datetime.now():%Y%m%d-%H%M%S}{path.suffix}")
    for ending in ("", "-wal", "-shm"):
        if (part := Path(f"{path}{ending}")).exists():
            part.rename(f"{aside}{ending}")
    return aside


class HistoryStore:
    """Raises sqlite3.Error and OSError where the disk does not do what it is told."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / FILE
        # SQLite makes files that everybody may read, and gives its side files the modes of the main one.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self.pictures = PictureFolder(folder / "pictures")
        self._connection = sqlite3.connect(path, isolation_level=None)
        try:
            self._searches, is_new = prepare(self._connection)
            self.empty_bin()
            if is_new:
                self._index_all()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        self.empty_bin()
        self._connection.close()

    def save(self, saved: Saved) -> None:
        """Write a conversation, in place of what was kept under its id; name, pin and date of birth stay."""
        turns = [
            replace(turn, media=tuple(self.pictures.keep(medium) for medium in turn.media)) for turn in saved.turns
        ]
        with self._transaction():
            self._connection.execute(
                "INSERT INTO conversations (id, title, named, created, changed, pinned) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET changed = excluded.changed, thrown_away = 0, "
                "title = CASE WHEN named AND NOT excluded.named THEN title ELSE excluded.title END, "
                "named = named OR excluded.named",
                (saved.id, saved.title, saved.named, saved.created or time.time(), saved.changed, saved.pinned),
            )
            self._connection.execute("DELETE FROM turns WHERE conversation = ?", (saved.id,))
            self._connection.executemany(
                f"INSERT INTO turns (conversation, place, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(saved.id, place, *_turn_row(turn)) for place, turn in enumerate(turns)],
            )
            self._index(saved.id, turns)

    def entries(self, search: str = "") -> list[Entry]:
        """The list, pinned ones first, then the newest. With `search` those that hold a word beginning so each."""
        condition, values = self._matching(search)
        rows = self._connection.execute(
            "SELECT id, title, changed, pinned, (SELECT media FROM turns WHERE conversation = id AND media != '[]' "
            f"ORDER BY place LIMIT 1) FROM conversations WHERE NOT thrown_away {condition} "
            "ORDER BY pinned DESC, changed DESC",
            values,
        )
        return [
            Entry(key, title, changed, bool(pinned), self._thumbnail(media))
            for key, title, changed, pinned, media in rows
        ]

    def read(self, key: str) -> Saved | None:
        """A whole conversation; None where there is none of that id."""
        row = self._connection.execute(
            "SELECT title, named, created, changed, pinned FROM conversations WHERE id = ?", (key,)
        ).fetchone()
        if row is None:
            return None
        turns = self._connection.execute(f"SELECT {COLUMNS} FROM turns WHERE conversation = ? ORDER BY place", (key,))
        title, named, created, changed, pinned = row
        return Saved(key, title, tuple(_turn(turn) for turn in turns), bool(named), created, changed, bool(pinned))

    def rename(self, key: str, title: str) -> None:
        with self._transaction():
            self._connection.execute("UPDATE conversations SET title = ?, named = 1 WHERE id = ?", (title, key))
            if (saved := self.read(key)) is not None:
                self._index(key, saved.turns)

    def pin(self, key: str, pinned: bool) -> None:
        self._connection.execute("UPDATE conversations SET pinned = ? WHERE id = ?", (pinned, key))

    def throw_away(self, key: str) -> None:
        """Out of the list; gone when the bin is emptied."""
        self._connection.execute("UPDATE conversations SET thrown_away = 1 WHERE id = ?", (key,))

    def take_back(self, key: str) -> None:
        """Undo `throw_away`."""
        self._connection.execute("UPDATE conversations SET thrown_away = 0 WHERE id = ?", (key,))

    def delete_all(self) -> None:
        """Everything, at once and for good."""
        self._connection.execute("UPDATE conversations SET thrown_away = 1")
        self.empty_bin()
        self._connection.execute("VACUUM")

    def empty_bin(self) -> None:
        """Delete for good what was thrown away, with the pictures that nothing else shows."""
        with self._transaction():
            if self._searches:
                self._connection.execute(
                    "DELETE FROM words WHERE conversation IN (SELECT id FROM conversations WHERE thrown_away)"
                )
            gone = self._connection.execute("DELETE FROM conversations WHERE thrown_away").rowcount
        if gone:
            rows = self._connection.execute("SELECT media FROM turns WHERE media != '[]'")
            self.pictures.remove_all_but({medium["file"] for (media,) in rows for medium in json.loads(media)})

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._connection)

    def _matching(self, search: str) -> tuple[str, tuple[str, ...]]:
        words = re.findall(r"\w+", search)
        if not words:
            return "", ()
        if self._searches:
            # Quoted, so that no word of the user's is an operator.
            query = " ".join(f'"{word}"*' for word in words)
            return "AND id IN (SELECT conversation FROM words WHERE words MATCH ?)", (query,)
        condition = (
            "AND (title LIKE ? OR id IN (SELECT conversation FROM turns WHERE question LIKE ? OR answer LIKE ?)) "
        )
        return condition * len(words), tuple(f"%{word}%" for word in words for _ in range(3))

    def _index_all(self) -> None:
        """What was kept where SQLite had no full-text search."""
        for (key,) in self._connection.execute("SELECT id FROM conversations").fetchall():
            if (saved := self.read(key)) is not None:
                with self._transaction():
                    self._index(key, saved.turns)

    def _index(self, key: str, turns: Iterable[SavedTurn]) -> None:
        if not self._searches:
            return
        (title,) = self._connection.execute("SELECT title FROM conversations WHERE id = ?", (key,)).fetchone()
        names = (medium.name for turn in turns for medium in turn.media)
        said = (part for turn in turns for part in (turn.question, turn.answer))
        self._connection.execute("DELETE FROM words WHERE conversation = ?", (key,))
        self._connection.execute("INSERT INTO words VALUES (?, ?)", (key, "\n".join([title, *said, *names])))

    def _thumbnail(self, media: str | None) -> Path | None:
        return self.pictures.thumbnail(SavedMedium(**json.loads(media)[0])) if media else None


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def _turn_row(turn: SavedTurn) -> tuple[Any, ...]:
    record = json.dumps(turn.record) if turn.record else None
    media = json.dumps([medium.as_row() for medium in turn.media])
    return turn.question, turn.answer, turn.state, turn.note, turn.task, record, media, turn.alone


def _turn(row: tuple[Any, ...]) -> SavedTurn:
    question, answer, state, note, task, record, media, alone = row
    shown = tuple(SavedMedium(**medium) for medium in json.loads(media))
    return SavedTurn(question, answer, state, note, task, json.loads(record) if record else None, shown, bool(alone))
