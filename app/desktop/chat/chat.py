"""One conversation with the engine: questions wait their turn, answers grow, and each change is a signal.

It goes on when the window shows another conversation. What a question becomes is the conversation's business
(`app.conversation`). Knows no widget.
"""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.answers.footer import left_out
from app.answers.records import Asked, answer_record, blank_record
from app.asking.tasks import Task
from app.conversation import Conversation, Medium, Turn
from app.desktop.engine_bridge import Ticket
from app.desktop.services import Services
from app.engine_settings import drawing
from app.shelf import Installed

if TYPE_CHECKING:
    from mlx_model.events import Answer
    from mlx_model.media.images import Detail
    from mlx_model.protocol import EngineEvent, Job


class Chat(QObject):
    """`turn_added` and `turn_changed` name the turn's place; `cut` how many are left; `settled` a turn that ended."""

    turn_added = Signal(int)
    turn_changed = Signal(int)
    cut = Signal(int)
    settled = Signal(int)
    running_changed = Signal(bool)

    def __init__(self, services: Services, conversation: Conversation | None = None) -> None:
        super().__init__(services.bridge)
        self._services = services
        self.conversation = conversation or Conversation()
        self.detail: Detail = "auto"
        self.is_kept = True
        self._running: int | None = None
        self._ticket: Ticket | None = None
        self._load_seconds = 0.0

    @property
    def turns(self) -> list[Turn]:
        return self.conversation.turns

    @property
    def is_running(self) -> bool:
        return self._running is not None

    def ask(
        self, question: str, media: tuple[Medium, ...] = (), task: Task | None = None, *, alone: bool = False
    ) -> None:
        """Ask now, or when the questions before it have been answered; `alone` without regard to what came before."""
        self.turns.append(Turn(question, media, task, alone=alone))
        self.turn_added.emit(len(self.turns) - 1)
        self._go_on()
        self._keep()

    def ask_again(self, place: int, question: str | None = None) -> None:
        """Answer a turn anew, in other words if there are any. The turns after it go."""
        turn = self.turns[place]
        self._abandon()
        del self.turns[place:]
        self.cut.emit(place)
        kept = turn.task if question is None or question == turn.question else None
        self.ask(question or turn.question, turn.media, kept, alone=turn.alone)

    def withdraw(self, place: int) -> None:
        """Take back a question that still waits."""
        if self.turns[place].state == "waiting":
            self.turns[place].state = "stopped"
            self.turn_changed.emit(place)

    def stop(self) -> None:
        """Stop the answer under way; what has been said stays."""
        if self._ticket is not None:
            self._services.bridge.cancel(self._ticket)

    def let_go(self) -> None:
        """The conversation was thrown away: what the model keeps of it goes, and nothing more is kept here."""
        self._abandon()
        self.is_kept = False
        self._services.bridge.submit(self._forget_job, lambda _: None)

    def _forget_job(self) -> "Job":
        from mlx_model.protocol import Forget

        return Forget(self.conversation.id)

    def close_down(self) -> None:
        """Stop without hearing how it ended; what was said so far is kept."""
        if self.is_running:
            self._abandon()
            self._keep()

    def _keep(self) -> None:
        if self.is_kept:
            self._services.history.save(self.conversation)

    def _abandon(self) -> None:
        if self._ticket is not None:
            self._services.bridge.drop(self._ticket)
            self._ticket = None
        if self._running is not None:
            self.turns[self._running].state = "stopped"
            self._running = None
            self.running_changed.emit(False)

    def _go_on(self) -> None:
        if self._running is not None:
            return
        waiting = (place for place, turn in enumerate(self.turns) if turn.state == "waiting")
        if (place := next(waiting, None)) is None:
            return
        turn, model = self.turns[place], self._services.models.chosen
        if blank := self.conversation.blank_answer(place):
            turn.answer, turn.state = blank, "done"
            turn.record = blank_record(self._asked(place, model), blank, 0.0)
            self.turn_changed.emit(place)
            self.settled.emit(place)
            self._keep()
            self._go_on()
            return
        self._running = place
        turn.state, turn.progress = "running", "Waiting for the model"
        self.turn_changed.emit(place)
        self.running_changed.emit(True)
        self._ticket = self._services.bridge.submit(partial(self._job, place, model), partial(self._hear, place, model))

    def _job(self, place: int, model: Installed) -> "Job":
        from mlx_model.protocol import Ask
        from mlx_model.request import Request, Sampling

        turn, settings = self.turns[place], self._services.settings
        request = Request(
            messages=self.conversation.messages(place),
            detail=self._detail(turn),
            max_tokens=turn.task.max_tokens if turn.task else settings["max_tokens"],
            sampling=Sampling(**drawing(settings)),
            repetition_guard=settings["repetition_guard"],
        )
        return Ask(model.folder, request, conversation=self.conversation.id)

    def _detail(self, turn: Turn) -> "Detail":
        """What the user chose; where that is "auto", what the task needs."""
        return turn.task.detail if turn.task and self.detail == "auto" else self.detail

    def _asked(self, place: int, model: Installed) -> Asked:
        turn = self.turns[place]
        names = tuple(medium.name for medium in self.conversation.shown_at(place))
        return Asked(names, model.name, model.notice, turn.question, self._detail(turn), together=len(names) > 1)

    def _hear(self, place: int, model: Installed, event: "EngineEvent") -> None:
        from mlx_model.events import Answered, Forgot, Prefilled, TextDelta, TilesEncoded
        from mlx_model.protocol import LAST, Failed, Loaded, LoadStarted

        turn = self.turns[place]
        match event:
            case LoadStarted():
                turn.progress = f"Loading {model.name}"
            case Loaded(seconds=seconds):
                self._load_seconds = seconds
            case Forgot(media, messages):
                turn.note = f"The conversation outgrew the model's context: {left_out(media, messages)}."
            case TilesEncoded(done, total):
                turn.progress = f"Looking: tile {done} of {total}" if total > 1 else "Looking"
            case Prefilled(done, total):
                turn.progress = "Reading" if done == total else f"Reading: {done} of {total} tokens"
            case TextDelta(text):
                turn.progress = ""
                turn.answer += text
            case Answered(answer):
                self._finish(place, model, answer)
            case Failed():
                turn.state, turn.note = "failed", event.sentence
            case _ if isinstance(event, LAST):
                turn.state = "stopped"
        if isinstance(event, LAST):
            turn.progress = ""
            self._running = self._ticket = None
            self.turn_changed.emit(place)
            self.running_changed.emit(False)
            self.settled.emit(place)
            self._keep()
            self._go_on()
        else:
            self.turn_changed.emit(place)

    def _finish(self, place: int, model: Installed, answer: "Answer") -> None:
        turn = self.turns[place]
        turn.answer = turn.finish(answer.text)
        turn.state = "stopped" if answer.finish_reason == "cancelled" else "done"
        turn.record = answer_record(self._asked(place, model), answer, turn.answer, self._load_seconds)
        self._services.models.pace.learn(turn.record)
