"""The history's store on a thread of its own: saved to and asked from the window's thread, which never waits for it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from app.conversation import Conversation
from app.desktop.background import Background
from app.desktop.history.restoring import restore
from app.history import Entry, HistoryStore, exchange, open_store, snapshot

Result = TypeVar("Result")


class HistoryKeeper(QObject):
    """`changed`: another list of entries may be due. `noted`: a sentence for the user. `is_on` is the user's switch."""

    changed = Signal()
    noted = Signal(str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_on = True
        self._thread = Background("history", self)
        self._store: HistoryStore | None = None  # the thread's alone
        self._thread.run(partial(self._open, folder), self._opened, self._explain)

    def save(self, conversation: Conversation) -> None:
        """Keep a conversation as it is now, if the history is on and there is anything in it."""
        if self.is_on and conversation.turns:
            saved = snapshot(conversation)
            self._do(lambda store: store.save(saved))

    def entries(self, search: str, done: Callable[[list[Entry]], None]) -> None:
        self._ask(lambda store: store.entries(search), done)

    def read(self, key: str, done: Callable[[Conversation | None], None]) -> None:
        """A conversation with its pictures opened."""
        self._ask(lambda store: restore(store, key), done)

    def rename(self, key: str, title: str) -> None:
        self._do(lambda store: store.rename(key, title))

    def pin(self, key: str, pinned: bool) -> None:
        self._do(lambda store: store.pin(key, pinned))

    def throw_away(self, key: str) -> None:
        self._do(lambda store: store.throw_away(key))

    def take_back(self, key: str) -> None:
        self._do(lambda store: store.take_back(key))

    def delete_all(self) -> None:
        self._do(lambda store: store.delete_all())

    def export(self, key: str, folder: Path) -> None:
        self._ask(
            lambda store: exchange.export(store, key, folder), lambda path: self.noted.emit(f"Exported to {path}.")
        )

    def import_from(self, path: Path, done: Callable[[str], None]) -> None:
        """Keep what another window exported; `done` gets its id."""

        def tell(key: str) -> None:
            self.changed.emit()
            done(key)

        self._ask(lambda store: exchange.import_from(store, path), tell)

    def close(self) -> None:
        """What was to be saved still is; the thread ends by itself after it."""
        self._ask(lambda store: store.close(), lambda _: None)
        self._thread.close(finish=True)

    def wait(self) -> None:
        """Until the thread has ended, once it was closed."""
        self._thread.wait()

    def _open(self, folder: Path) -> str:
        self._store, note = open_store(folder)
        return note

    def _opened(self, note: str) -> None:
        if note:
            self.noted.emit(note)
        self.changed.emit()

    def _do(self, work: Callable[[HistoryStore], Any]) -> None:
        self._ask(work, lambda _: self.changed.emit())

    def _ask(self, work: Callable[[HistoryStore], Result], done: Callable[[Result], None]) -> None:
        def on_thread() -> tuple[Result] | None:
            return None if self._store is None else (work(self._store),)

        def pass_on(result: tuple[Result] | None) -> None:
            if result is not None:
                done(result[0])

        self._thread.run(on_thread, pass_on, self._explain)

    def _explain(self, error: Exception) -> None:
        self.noted.emit(str(error) or type(error).__name__)
