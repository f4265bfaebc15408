"""A conversation about pictures and clips: its turns, and what the model is sent of them. Knows neither Qt nor a store.

The whole conversation goes to the engine each time, under one id, and the engine pays for what is new alone; so asking
again, editing and dropping turns need no more than other turns.
"""

import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.answers.alt_text import as_alt_text
from app.asking.clip_times import Span
from app.asking.tasks import Task
from app.terminal import strip_controls

if TYPE_CHECKING:
    from mlx_model.media.video import Clip
    from mlx_model.prompting.prompt import Message, Picture

State = Literal["waiting", "running", "done", "stopped", "failed"]
TITLE_CHARACTERS = 48


@dataclass(frozen=True, eq=False)
class Medium:
    """A picture or clip as it was shown. `blank` says so in a sentence where a picture is of one colour.

    `file` is where it came from, None for what was pasted.
    """

    part: "Picture | Clip"
    name: str
    file: Path | None = None
    blank: str | None = None

    def as_thumbnail(self) -> bytes | None:
        """A small picture of a clip, as the bytes of a PNG, where whoever made this has one."""
        return None

    @property
    def is_clip(self) -> bool:
        from mlx_model.media.video import Clip

        return isinstance(self.part, Clip)

    @property
    def span(self) -> Span | None:
        """What of a clip is asked about; None for a picture."""
        from mlx_model.media.video import Clip

        if not isinstance(self.part, Clip):
            return None
        watching, duration = self.part.watching, self.part.duration
        return Span(watching.start, duration if watching.end is None else min(watching.end, duration), duration)

    @property
    def label(self) -> str:
        """Its name, and which part of a clip it is."""
        return self.name if self.span is None or self.span.is_whole else f"{self.name}, {self.span.words}"


@dataclass(frozen=True)
class Absent:
    """What was shown once and cannot be opened now; `kept` is what the history has of it, for when it is back."""

    reason: str
    kept: Any


@dataclass
class Turn:
    """One question and what came of it. `record` has the fields of `--json`; `note` is a line beside the answer.

    What is asked `alone` is answered from what it shows itself, whatever was said and shown before.
    """

    question: str
    media: tuple[Medium, ...] = ()
    task: Task | None = None
    answer: str = ""
    state: State = "waiting"
    record: dict[str, Any] | None = None
    progress: str = ""
    note: str = ""
    alone: bool = False
    absent: tuple[Absent, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def remark(self) -> str:
        """The note, and what of the turn is not there any more."""
        return " ".join(filter(None, (self.note, *(absent.reason for absent in self.absent))))

    def finish(self, text: str) -> str:
        """What the user sees of the model's text, once it is whole."""
        text = strip_controls(text).strip()
        limit = self.task.max_characters if self.task else None
        return as_alt_text(text, limit) if limit else text


@dataclass
class Conversation:
    """Turns in their order. `id` is what the engine and the history know it by."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    title: str = ""
    turns: list[Turn] = field(default_factory=list)

    @property
    def media(self) -> list[Medium]:
        """Everything that was shown, in order."""
        return [medium for turn in self.turns for medium in turn.media]

    def clip_at(self, place: int) -> Medium | None:
        """The clip that the turn at `place` is about: the last one that was shown by then."""
        shown = [medium for turn in self.turns[: place + 1] for medium in turn.media]
        return next((medium for medium in reversed(shown) if medium.is_clip), None)

    @property
    def shown_title(self) -> str:
        """The title that it was given, else the first question; where that was a task's, what came of it."""
        if self.title:
            return self.title
        if not self.turns:
            return "New chat"
        first = self.turns[0]
        asked = first.question if first.task is None else ""
        words = asked or first.answer or (first.media[0].name if first.media else first.question)
        line = " ".join(words.split())
        return line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1].rstrip() + "…"

    def messages(self, last: int) -> "tuple[Message, ...]":
        """What the model reads to answer the turn at place `last`.

        A question that was never answered is left out, but what it showed moves on to the next one.
        """
        from mlx_model.prompting.prompt import Message, Text

        messages: list[Message] = []
        shown: list[Picture | Clip] = []
        for turn in self.turns[self._first_read(last) : last + 1]:
            shown += [medium.part for medium in turn.media]
            asks = turn is self.turns[last]
            if not (turn.answer or asks):
                continue
            messages.append(Message("user", (*shown, Text(turn.question))))
            shown = []
            if not asks:
                messages.append(Message("assistant", (Text(turn.answer),)))
        return tuple(messages)

    def blank_answer(self, place: int) -> str | None:
        """The sentence for an empty picture, where a turn asks what it shows and there is nothing else to see."""
        turn, shown = self.turns[place], self.shown_at(place)
        if turn.task is None or not turn.task.names_blank or len(shown) != 1 or len(turn.media) != 1:
            return None
        return turn.media[0].blank

    def shown_at(self, place: int) -> list[Medium]:
        """What the turn at `place` is answered from."""
        return [medium for turn in self.turns[self._first_read(place) : place + 1] for medium in turn.media]

    def _first_read(self, place: int) -> int:
        return place if self.turns[place].alone else 0

    def branch(self) -> "Conversation":
        """A conversation of its own that begins with the same turns."""
        return Conversation(title=f"{self.shown_title} (copy)", turns=[replace(turn) for turn in self.turns])
