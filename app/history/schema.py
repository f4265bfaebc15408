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
)
WORDS = "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(conversation UNINDEXED, text, tokenize = 'unicode61')"


class NewerHistoryError(Exception):
    """A later version of the program has written this database."""


def prepare(connection: sqlite3.Connection) -> bool:
    """Bring the tables up to date; whether there is full-text search. Raises DatabaseError for a damaged file."""
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
    try:
        connection.execute(WORDS)
    except sqlite3.OperationalError:
        return False
    return True
