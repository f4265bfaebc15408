"""What was answered before about files of the same content, so that no run asks twice: in SQLite, in the cache folder.

A record is there once `put` returns, whatever happens to the process then. Processes share the file, threads the
object. It can be deleted at any time; what is lost is time. Knows no model: a key is whatever tells two answers apart.
"""

import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock
from typing import Any

PATIENCE = 30.0  # seconds to wait for another process that writes


def cache_folder() -> Path:
    """Where Smolsight keeps what it can make again; SMOLSIGHT_CACHE moves it."""
    if moved := os.environ.get("SMOLSIGHT_CACHE"):
        return Path(moved).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("smolsight", appauthor=False)


class AnswerStore:
    """Records by key. Where the disk does not let it, nothing is kept: `trouble` says why, and nothing raises."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file or cache_folder() / "answers.sqlite3"
        self.trouble: str | None = None
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._open()
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)

    def get(self, key: str) -> dict[str, Any] | None:
        """The record of a key, None where there is none."""
        with self._lock:
            if self._connection is None:
                return None
            try:
                row = self._connection.execute("SELECT record FROM answers WHERE key = ?", (key,)).fetchone()
                return json.loads(row[0]) if row else None
            except (sqlite3.Error, ValueError) as error:
                self._give_up(error)
                return None

    def put(self, key: str, record: dict[str, Any]) -> None:
        self.put_all([(key, record)])

    def put_all(self, records: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Several at once, far quicker than one by one: all of them are there, or none."""
        # Escaped, since file names in it may be no UTF-8.
        rows = [(key, json.dumps(record)) for key, record in records]
        with self._lock:
            if self._connection is None:
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany("INSERT OR REPLACE INTO answers (key, record) VALUES (?, ?)", rows)
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._give_up(error)

    def __len__(self) -> int:
        """How many records there are."""
        with self._lock:
            if self._connection is None:
                return 0
            try:
                return int(self._connection.execute("SELECT count(*) FROM answers").fetchone()[0])
            except sqlite3.Error as error:
                self._give_up(error)
                return 0

    @property
    def nbytes(self) -> int:
        """Of the file and of what lies beside it."""
        return sum(file.stat().st_size for file in self.file.parent.glob(f"{self.file.name}*"))

    def clear(self) -> None:
        """Delete every record, from the disk too; other processes that use the file go on with an empty one."""
        with self._lock:
            if self._connection is None:
                return
            try:
                for statement in ("DELETE FROM answers", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    self._connection.execute(statement).fetchall()
            except sqlite3.Error as error:
                self._give_up(error)

    def close(self) -> None:
        with self._lock, suppress(sqlite3.Error):
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _open(self) -> None:
        try:
            self._connection = self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, full, or closed to us: not broken
                raise
            # No database any more. What it held can be made again; it is kept aside, for whoever wants to know.
            self.file.replace(self.file.with_suffix(".broken"))
            self._connection = self._connect()

    def _connect(self) -> sqlite3.Connection:
        os.close(os.open(self.file, os.O_CREAT | os.O_RDWR, 0o600))
        # Commits by itself, statement by statement; the lock keeps threads apart.
        connection = sqlite3.connect(self.file, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            with closing(connection.execute("PRAGMA journal_mode = WAL")):
                pass
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, record TEXT NOT NULL)")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _give_up(self, error: Exception) -> None:
        self.trouble = f"{self.file} cannot be used ({error}), so what is described now is not remembered."
        with suppress(sqlite3.Error):
            if self._connection is not None:
                self._connection.close()
        self._connection = None
