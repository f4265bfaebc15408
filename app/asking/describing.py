"""Many files under one question, as one job of an engine: what is known is not asked again, what comes is in order.

    describing = Describing(files, question, installed, store)
    engine.submit(AskMany(installed.folder, describing.openings(), 8), ...)     # and for each event that comes:
    for outcome in describing.hear(event): ...

A file is known by its content, so a copy is described once and a renamed file not again. Knows no Qt, no terminal, and
no file that is written; both faces use it.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from app.answers.records import Asked, answer_record, blank_record
from app.asking.answer_store import AnswerStore
from app.asking.questions import Question, as_request, shown_text, words_about
from app.inputs.media import open_medium
from app.shelf import Installed
from app.terminal import one_line

if TYPE_CHECKING:
    from mlx_model.events import Answer
    from mlx_model.protocol import EngineEvent, Opening
    from mlx_model.request import Request

# What is kept under a key changes its meaning with this.
VERSION = 1


@dataclass(frozen=True)
class Outcome:
    """What came of one file: an answer's record (see `app.answers.records`), or an error.

    `was_known`: from an earlier run. `same_as`: the file of the same content that was opened in its place, if any.
    """

    path: Path
    record: dict[str, Any] | None = None
    error: Exception | None = None
    was_known: bool = False
    same_as: Path | None = None


class Describing:
    """One run over files. Openings are called on the engine's threads, everything else on one."""

    def __init__(self, files: Sequence[Path], question: Question, installed: Installed, store: AnswerStore) -> None:
        from mlx_model.loading.identity import model_identity

        self.files, self.question, self.installed, self.store = files, question, installed, store
        self.settled = 0
        self._settings = [VERSION, model_identity(installed.folder), asdict(question)]
        self._load_seconds = 0.0
        self._lock = Lock()
        self._words: dict[int, str] = {}
        self._keys: dict[int, str] = {}
        self._first: dict[str, int] = {}  # of each key: the item that was opened for it
        self._found: dict[str, Outcome] = {}
        self._unopened: dict[int, Outcome] = {}
        self._next = 0

    def openings(self) -> "Iterator[Opening]":
        """For `AskMany`, in the files' order."""
        return (partial(self._open, item) for item in range(len(self.files)))

    def hear(self, event: "EngineEvent") -> Iterator[Outcome]:
        """Take an event of the job; the outcomes that are now to be told, in the files' order."""
        from mlx_model.events import Answered
        from mlx_model.protocol import LAST, Failed, ItemEvent, Loaded

        if isinstance(event, Loaded):
            self._load_seconds = event.seconds
        if not isinstance(event, ItemEvent) or not isinstance(event.event, LAST):
            return
        self.settled += 1
        if isinstance(event.event, Answered):
            self._keep(event.item, self._record(event.item, event.event.answer))
        elif isinstance(event.event, Failed):
            outcome = Outcome(self.files[event.item], error=event.event.error)
            if key := self._keys.get(event.item):
                self._found[key] = outcome
            else:
                self._unopened[event.item] = outcome
        while ready := self._outcome(self._next):
            self._next += 1
            yield ready

    def _open(self, item: int) -> "Request | None":
        """The question about a file; None where its answer is known or comes from a copy of it. Raises InputError."""
        from mlx_model.media.images import is_blank
        from mlx_model.media.regular_file import open_regular_file
        from mlx_model.prompting.prompt import Picture

        path, question = self.files[item], self.question
        name = one_line(str(path))
        with open_regular_file(path, name) as file:
            key = self._key(hashlib.file_digest(file, "sha256").hexdigest())
        with self._lock:
            self._keys[item] = key
            if self._first.setdefault(key, item) != item:
                return None
        if known := self.store.get(key):
            self._found[key] = Outcome(path, known, was_known=True)
            return None
        medium = open_medium(path, name, question.watching)
        self._words[item] = words = words_about(question, [medium])
        if question.names_blank and isinstance(medium, Picture) and (sentence := is_blank(medium.image)):
            self._keep(item, blank_record(self._asked(item), sentence, 0.0))
            return None
        return as_request(question, [medium], words)

    def _key(self, content: str) -> str:
        return hashlib.sha256(json.dumps([*self._settings, content]).encode()).hexdigest()

    def _asked(self, item: int) -> Asked:
        installed = self.installed
        path, words = str(self.files[item]), self._words.pop(item)
        return Asked((path,), installed.name, installed.notice, words, self.question.detail)

    def _record(self, item: int, answer: "Answer") -> dict[str, Any]:
        text = shown_text(self.question, answer.text)
        return answer_record(self._asked(item), answer, text, self._load_seconds)

    def _keep(self, item: int, record: dict[str, Any]) -> None:
        key = self._keys[item]
        self.store.put(key, record)
        self._found[key] = Outcome(self.files[item], record)

    def _outcome(self, item: int) -> Outcome | None:
        """What came of an item, if that is known by now."""
        if item in self._unopened:
            return self._unopened.pop(item)
        found = self._found.get(self._keys.get(item, ""))
        if found is None:
            return None
        path = self.files[item]
        same_as = None if found.path == path else found.path
        record = found.record and {**found.record, "path": str(path)}
        return Outcome(path, record, found.error, found.was_known, same_as)
