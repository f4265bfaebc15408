"""The tables of the history, and how an older database becomes today's: one step for each version.

`PRAGMA user_version` counts the steps that were taken. Full-text search is FTS5's, where SQLite has it.
https://sqlite.org/fts5.html
"""

import sqlite3

# Each step once, in a transaction of its own. What has been released is never edited: a change is a further step.
STEPS = (
    """
    CREATE TABLE conversations (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        named INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        changed REAL NOT NULL,
        pinned INTEGER NOT NULL DEFAULT 0,
        thrown_away INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE turns (
        conversation TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        question TEXT NOT NULL,
        answer TEXT NOT NULL,
        state TEXT NOT NULL,
        note TEXT NOT NULL,
        task TEXT,
        record TEXT,
        media TEXT NOT NULL,
        PRIMARY KEY (conversation, place)
    );
    CREATE INDEX by_change ON conversations(pinned DESC, changed DESC);
    """,
    "ALTER TABLE turns ADD COLUMN alone INTEGER NOT NULL DEFAULT 0;",
)
WORDS = "CREATE VIRTUAL TABLE words USING fts5(conversation UNINDEXED, text, tokenize = 'unicode61')"


class NewerHistoryError(Exception):
    """A later version of the program has written this database."""


def is_damage(error: Exception) -> bool:
    """Whether it is the database's fault, not the disk's or another program's that has it open."""
    if isinstance(error, sqlite3.OperationalError):  # of these, one that lacks a table
        return error.sqlite_errorcode == sqlite3.SQLITE_ERROR
    return isinstance(error, sqlite3.DatabaseError)


def prepare(connection: sqlite3.Connection) -> tuple[bool, bool]:
    """Bring the tables up to date; whether there is full-text search, and whether that knows nothing yet.

    Raises DatabaseError for a damaged file.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    if (damage := connection.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
        raise sqlite3.DatabaseError(damage)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(STEPS):
        raise NewerHistoryError(f"version {version}, and {len(STEPS)} is the newest that is known here")
    for number, step in enumerate(STEPS[version:], version + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")
    connection.execute("SELECT * FROM turns LIMIT 1")
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchone():
        return _has_words(connection), False
    try:
        connection.execute(WORDS)
    except sqlite3.OperationalError:
        return False, False
    return True, True


def _has_words(connection: sqlite3.Connection) -> bool:
    """False where this SQLite lacks what another one had when it made the table."""
    try:
        connection.execute("SELECT 1 FROM words LIMIT 1")
    except sqlite3.OperationalError:
        return False
    return True
