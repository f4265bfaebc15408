"""Conversations as they are kept: plain values, the pictures among them by name."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.conversation import Conversation, Medium, State, Turn


@dataclass(frozen=True)
class SavedMedium:
    """`file` is a picture's name in the pictures' folder, a clip's path. `made` is the one that is still in memory.

    `start` and `end` bound the part of a clip that was asked about, in seconds; None where it was the whole.
    """

    kind: str  # "picture" or "clip"
    name: str
    file: str = ""
    start: float | None = None
    end: float | None = None
    made: Medium | None = None

    def as_row(self) -> dict[str, Any]:
        part = {"start": self.start, "end": self.end} if self.start is not None else {}
        return {"kind": self.kind, "name": self.name, "file": self.file, **part}


@dataclass(frozen=True)
class SavedTurn:
    """A turn of `app.conversation`, its task by name. What could not be opened when it was read is among `media`."""

    question: str
    answer: str
    state: State
    note: str = ""
    task: str | None = None
    record: dict[str, Any] | None = None
    media: tuple[SavedMedium, ...] = ()
    alone: bool = False


@dataclass(frozen=True)
class Saved:
    """A whole conversation. Times in seconds since 1970."""

    id: str
    title: str
    turns: tuple[SavedTurn, ...]
    named: bool = False  # by the user, not after its first question
    created: float = 0.0
    changed: float = 0.0
    pinned: bool = False

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        for turn, row in zip(self.turns, values["turns"], strict=True):
            row["media"] = [medium.as_row() for medium in turn.media]
        return values


@dataclass(frozen=True)
class Entry:
    """A line of the list. `thumbnail` is a small picture's file, None where nothing was shown."""

    id: str
    title: str
    changed: float
    pinned: bool
    thumbnail: Path | None


def snapshot(conversation: Conversation) -> Saved:
    """What there is of a conversation now. Takes no time: pictures are written by whoever saves it."""
    return Saved(
        id=conversation.id,
        title=conversation.shown_title,
        turns=tuple(_saved_turn(turn) for turn in conversation.turns),
        named=bool(conversation.title),
        changed=time.time(),
    )


def _saved_turn(turn: Turn) -> SavedTurn:
    return SavedTurn(
        question=turn.question,
        answer=turn.answer,
        # What is running has no more words than these when it is read again.
        state="stopped" if turn.is_open else turn.state,
        note=turn.note,
        task=turn.task.name if turn.task else None,
        record=turn.record,
        media=(
            *(SavedMedium("", medium.name, made=medium) for medium in turn.media),
            *(absent.kept for absent in turn.absent),
        ),
        alone=turn.alone,
    )
