"""A run over many pictures by the batch engine: begun, stopped, gone on with; what comes of it, how fast it goes.

The engine carries out one job at a time, so a run steps back when something else is asked of it, a question in the chat
or a frame of Live, and goes on behind that. Nothing is asked twice for it: see `app.asking.describing`. Knows no
widget.
"""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.asking.answer_store import AnswerStore
from app.asking.batch_pace import pace_words
from app.asking.describing import Describing, Outcome
from app.asking.questions import Question
from app.desktop.background import Background
from app.desktop.engine_bridge import EngineBridge, Ticket
from app.shelf import Installed
from mlx_model.errors import DetailError

if TYPE_CHECKING:
    from mlx_model.protocol import EngineEvent, Job

GATHER_MS = 50  # what ends in this time is told together: thousands a second may be known
STEP_BACK_MS = 5000  # at most one step back in this time: Live asks all the time


class FolderRun(QObject):
    """`settled` brings outcomes in the files' order, `ended` a sentence where something stopped the run, else ""."""

    settled = Signal(list)
    progressed = Signal()
    ended = Signal(str)

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._thread = Background("folder run", self)
        self._store: AnswerStore | None = None
        self._files: Sequence[Path] = ()
        self._question: Question | None = None  # while a run is under way
        self._describing: Describing | None = None
        self._ticket: Ticket | None = None
        self._stops = False
        self._problem = ""
        self.status = ""
        self.done = self.asked = 0
        self._worked, self._since = 0.0, 0.0
        self._back = QTimer(self)
        self._back.setSingleShot(True)
        self._back.timeout.connect(self._step_back)
        self._stepped_back = 0.0
        self._heard: list[EngineEvent] = []
        self._gathering = QTimer(self)
        self._gathering.setSingleShot(True)
        self._gathering.timeout.connect(self._hand_over)
        bridge.asked.connect(self._make_way)

    @property
    def is_running(self) -> bool:
        return self._question is not None

    @property
    def total(self) -> int:
        return len(self._files)

    def start(self, files: Sequence[Path], question: Question, installed: Installed) -> None:
        """Describe these; nothing happens while another run is under way."""
        if self.is_running or not files:
            return
        self._files, self._question, self._installed = list(files), question, installed
        self.done = self.asked = 0
        self._worked, self._stops, self._problem = 0.0, False, ""
        self.status = "Preparing"
        self._begin()

    def stop(self) -> None:
        """After the step under way; what was answered is kept."""
        if self.is_running:
            self._stops = True
            self.status = "Stopping"
            if self._ticket is not None:
                self._bridge.cancel(self._ticket)
            self.progressed.emit()

    def close(self) -> None:
        """Hear no more."""
        if self._ticket is not None:
            self._bridge.drop(self._ticket)
        self._ticket = self._question = None
        self._back.stop()
        self._gathering.stop()
        self._thread.run(self._close_store)
        self._thread.close(finish=True)

    @property
    def pace(self) -> str:
        """How fast it goes and how long it will take, once that can be said."""
        under_way = time.monotonic() - self._since if self._since else 0.0
        return pace_words(self.asked, self._worked + under_way, self.total - self.done)

    def _begin(self) -> None:
        """Ask about what is left; on the thread, since the model's files are read to tell it from others."""
        assert self._question is not None, "there is a run"
        files = self._files[self.done :]
        self._thread.run(partial(self._prepare, files, self._question, self._installed), self._submit, self._fail)

    def _prepare(self, files: Sequence[Path], question: Question, installed: Installed) -> Describing:
        if self._store is None:
            self._store = AnswerStore()
        return Describing(files, question, installed, self._store)

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()

    def _submit(self, describing: Describing) -> None:
        if self._stops:
            self._end()
            return
        self._describing = describing
        self._ticket = self._bridge.submit(partial(_job, describing), self._hear, _is_told)
        self.status = "Waiting for the model"
        self.progressed.emit()

    def _hear(self, event: "EngineEvent") -> None:
        from mlx_model.protocol import LAST, Failed, ItemEvent, LoadStarted

        if isinstance(event, LoadStarted):
            self.status = f"Loading {self._installed.name}"
            self.progressed.emit()
        elif isinstance(event, ItemEvent):
            if not self._since:
                self._since = time.monotonic()
                self.status = "Describing"
            if isinstance(event.event, LAST):
                self._heard.append(event)
                if not self._gathering.isActive():
                    self._gathering.start(GATHER_MS)
        elif isinstance(event, LAST):
            if isinstance(event, Failed):
                self._problem = event.sentence
            self._ticket = None
            if self._since:
                self._worked, self._since = self._worked + time.monotonic() - self._since, 0.0
            self._hand_over()
            self._thread.run(_nothing, self._job_ended)  # behind the outcomes that are on the way

    def _hand_over(self) -> None:
        """What was heard goes to the thread, together."""
        events, self._heard = self._heard, []
        if events and self._describing is not None:
            self._thread.run(partial(_outcomes, self._describing, events), self._settle, self._fail)

    def _settle(self, outcomes: list[Outcome]) -> None:
        if not outcomes or not self.is_running:
            return
        self.done += len(outcomes)
        self.asked += sum(not (outcome.was_known or outcome.same_as or outcome.error) for outcome in outcomes)
        wrong = next((outcome.error for outcome in outcomes if isinstance(outcome.error, DetailError)), None)
        if wrong is not None and not self._stops:
            self._problem = str(wrong)  # the others would not fare better
            self.stop()
        self.settled.emit(outcomes)

    def _job_ended(self, _: None) -> None:
        if not self.is_running:
            return
        if self.done < self.total and not self._stops and not self._problem:
            self._begin()  # it stepped back
        else:
            self._end()

    def _fail(self, error: Exception) -> None:
        self._problem = str(error) or type(error).__name__
        if self._ticket is not None:
            self.stop()
        elif self.is_running:
            self._end()

    def _end(self) -> None:
        self._question = self._describing = None
        self._back.stop()
        self.status = ""
        self.ended.emit(self._problem)

    def _make_way(self, ticket: Ticket) -> None:
        """Something is asked of the engine."""
        if self._ticket is not None and ticket > self._ticket and not self._back.isActive():
            waited = (time.monotonic() - self._stepped_back) * 1000
            self._back.start(max(round(STEP_BACK_MS - waited), 0))

    def _step_back(self) -> None:
        if self._ticket is not None and not self._stops:
            self._stepped_back = time.monotonic()
            self._bridge.cancel(self._ticket)


def _job(describing: Describing) -> "Job":
    from mlx_model.protocol import AskMany

    return AskMany(describing.installed.folder, describing.openings())


def _is_told(event: "EngineEvent") -> bool:
    """Of each picture that it has begun, and how it ended; on the engine's thread."""
    from mlx_model.events import Planned
    from mlx_model.protocol import LAST, ItemEvent

    return not isinstance(event, ItemEvent) or isinstance(event.event, (Planned, *LAST))


def _outcomes(describing: Describing, events: "Sequence[EngineEvent]") -> list[Outcome]:
    """On the thread: the record is written."""
    return [outcome for event in events for outcome in describing.hear(event)]


def _nothing() -> None:
    """Work that takes no time, to come behind other work."""
