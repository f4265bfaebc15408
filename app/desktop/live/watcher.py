"""Captions of what is watched: the newest frame, when it has changed, through one job of the engine at a time.

    frame -> moved? -> Glance: changed? -> each trigger -> the caption

A frame that comes while one is being looked at is shown and forgotten, so nothing stale ever waits. Knows no widget.
"""

import time
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.asking.tasks import tasks
from app.desktop.engine_bridge import Ticket
from app.desktop.services import Services
from app.live.change import ChangeDetector
from app.live.frame import Frame
from app.live.log import Entry, LiveLog
from app.live.rate import Rate
from app.live.triggers import TOKENS, Trigger
from app.terminal import strip_controls

if TYPE_CHECKING:
    from mlx_model.prompting.prompt import Picture
    from mlx_model.protocol import EngineEvent, Job

BATTERY_SECONDS = 5.0  # between two looks
SHORT = tasks()["short"]


class Watcher(QObject):
    """`said` as the words of a caption come, `logged` with each entry, `told` with a wish that came true."""

    said = Signal(str)
    logged = Signal(object)
    told = Signal(str)
    failed = Signal(str)

    def __init__(self, services: Services) -> None:
        super().__init__(services.bridge)
        self._services = services
        self.log = LiveLog()
        self.detector = ChangeDetector()
        self.triggers: list[Trigger] = []
        self.saves_power = False
        self.latency: float | None = None
        self.unchanged = 0
        self.frames, self.captions = Rate(), Rate()
        self._question = SHORT.question
        self._ticket: Ticket | None = None
        self._looked = 0.0
        self._words = ""

    @property
    def question(self) -> str:
        return self._question

    def ask(self, question: str) -> None:
        """From the next frame on ask this, and do so even if nothing has changed."""
        if question.strip() and question.strip() != self._question:
            self._question = question.strip()
            self.detector.forget()

    def add_trigger(self, wish: str) -> Trigger:
        self.triggers.append(Trigger(wish))
        self.detector.forget()
        return self.triggers[-1]

    def see(self, frame: Frame) -> None:
        """A frame came; it is looked at if it has changed and nothing else is being looked at."""
        now = time.monotonic()
        self.frames.add(now)
        rests = self.saves_power and now - self._looked < BATTERY_SECONDS
        if self._ticket is not None or rests:
            return
        if not self.detector.moved(frame.small):
            self.unchanged += 1
            self.log.go_on(frame.came)
            return
        self._looked = now
        if blank := frame.blank():
            self.detector.forget_scene()
            self._write(frame, blank)
        elif self.detector.threshold > 0:
            self._glance(frame)
        else:
            self._ask_all(frame, self._picture(frame), list(self.triggers))

    def stop(self) -> None:
        """Forget what is being looked at; the next frame counts as changed."""
        if self._ticket is not None:
            self._services.bridge.drop(self._ticket)
            self._ticket = None
        self.detector.forget()
        for trigger in self.triggers:
            trigger.is_so = False

    def _picture(self, frame: Frame) -> "Picture":
        from mlx_model.prompting.prompt import Picture

        return Picture(frame.image, "The frame")

    def _glance(self, frame: Frame) -> None:
        folder, picture = self._services.models.chosen.folder, self._picture(frame)

        def job() -> "Job":
            from mlx_model.protocol import Glance

            return Glance(folder, picture)

        changed: list[bool] = []

        def hear(event: "EngineEvent") -> None:
            from mlx_model.protocol import Done, Glimpsed

            if isinstance(event, Glimpsed):
                changed.append(self.detector.changed(event.features))
            elif isinstance(event, Done) and any(changed):
                self._ask_all(frame, picture, list(self.triggers))
            elif isinstance(event, Done):
                self._ticket = None
                self.unchanged += 1
                self.log.go_on(frame.came)
            else:
                self._end_if_failed(event)

        self._ticket = self._services.bridge.submit(job, hear)

    def _ask_all(self, frame: Frame, picture: "Picture", triggers: list[Trigger]) -> None:
        """The first of the triggers, then the others; the caption last."""
        if not triggers:
            self._words = ""
            self._ask(picture, self._question, SHORT.max_tokens, partial(self._hear_caption, frame, self._question))
            return
        trigger = triggers[0]

        def hear(event: "EngineEvent") -> None:
            from mlx_model.events import Answered

            if isinstance(event, Answered):
                if trigger in self.triggers and trigger.hear(event.answer.text):
                    self._log(frame, trigger.wish, trigger.question, "told")
                    self.told.emit(trigger.wish)
                self._ask_all(frame, picture, triggers[1:])
            else:
                self._end_if_failed(event)

        self._ask(picture, trigger.question, TOKENS, hear)

    def _ask(self, picture: "Picture", question: str, tokens: int, hear: object) -> None:
        folder = self._services.models.chosen.folder

        def job() -> "Job":
            from mlx_model.prompting.prompt import Message, Text
            from mlx_model.protocol import Ask
            from mlx_model.request import Request

            messages = (Message("user", (picture, Text(question))),)
            return Ask(folder, Request(messages, "low", tokens), fleeting=True)

        self._ticket = self._services.bridge.submit(job, hear)  # type: ignore[arg-type]

    def _hear_caption(self, frame: Frame, question: str, event: "EngineEvent") -> None:
        from mlx_model.events import Answered, TextDelta

        if isinstance(event, TextDelta):
            self._words += event.text
            self.said.emit(strip_controls(self._words).strip())
        elif isinstance(event, Answered):
            self._ticket = None
            self._write(frame, strip_controls(event.answer.text).strip(), question)
        else:
            self._end_if_failed(event)

    def _write(self, frame: Frame, text: str, question: str | None = None) -> None:
        self.latency = time.time() - frame.came
        self.captions.add(time.monotonic())
        self.said.emit(text)
        if self.log.repeats(text):
            self.log.go_on(frame.came)
        else:
            self._log(frame, text, question or self._question, "caption")

    def _log(self, frame: Frame, text: str, question: str, kind: str) -> None:
        model = self._services.models.chosen.name
        seconds = time.time() - frame.came
        entry = Entry(frame.came, frame.came, text, frame.thumbnail(), question, model, seconds)
        entry.kind = "told" if kind == "told" else "caption"
        self.logged.emit(entry)

    def _end_if_failed(self, event: "EngineEvent") -> None:
        from mlx_model.protocol import LAST, Failed

        if isinstance(event, LAST):
            self._ticket = None
        if isinstance(event, Failed):
            self.failed.emit(event.sentence)
