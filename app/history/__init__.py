"""What was asked and answered, kept on this machine: a database of words beside a folder of pictures. Knows no Qt.

store, note = open_store(folder)        # note: what was wrong with the one that was there
store.save(snapshot(conversation))
store.entries("harbour")
"""

from app.history.records import Entry, Saved, SavedMedium, SavedTurn, snapshot
from app.history.store import HistoryStore, open_store

__all__ = ["Entry", "HistoryStore", "Saved", "SavedMedium", "SavedTurn", "open_store", "snapshot"]
