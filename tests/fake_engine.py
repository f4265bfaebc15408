"""An engine without a model: it says what a script says, in the real engine's protocol and on a thread of its own.

For tests of the faces and for screenshots of states that a real model shows for a moment or hardly ever: half an
answer, the third tile of thirteen, a model that is not there, a failure in the middle, an answer that repeats itself.

    engine = FakeEngine(Script(("A red boat", " in a harbour.")), Script((RuntimeError("No memory."),)))
    engine = FakeEngine(Script(hold_after=TilesEncoded(3, 13)))     # stays there: `held.wait()`, `release()`
"""

import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from mlx_model.config import ImageConfig
from mlx_model.errors import Cancelled, SaveError
from mlx_model.events import (
    Answer,
    Answered,
    Confidence,
    Event,
    FinishReason,
    Forgot,
    Planned,
    Prefilled,
    Seconds,
    TextDelta,
    TilesEncoded,
)
from mlx_model.job_thread import JobThread
from mlx_model.media.images import Detail, Plan, plan
from mlx_model.media.video import FramePlan
from mlx_model.openings import Opened, stream_opened
from mlx_model.prompting.prompt import Picture
from mlx_model.protocol import (
    Ask,
    AskMany,
    EncodeAhead,
    EngineEvent,
    Failed,
    Forget,
    Glance,
    Glimpsed,
    ItemEvent,
    Job,
    Limit,
    Load,
    Loaded,
    LoadStarted,
    OpenSession,
    SaveSession,
    Unload,
)
from mlx_model.request import Request

IMAGE_CONFIG = ImageConfig(tile=512, longest_edge=2048, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
CONTEXT = 8192
TOKENS_PER_TILE = 64
PROMPT_WORDS = 20  # tokens of every message beside its pictures


@dataclass(frozen=True)
class Script:
    """One job: the answer's tokens as they come; an exception among them is raised there.

    `pause` is the seconds before each event. After an event equal to `hold_after` the job waits to be released.
    `forgot` is what of the conversation the context had no room for.
    """

    steps: tuple[str | Exception, ...] = ("A red boat", " in a harbour.")
    finish_reason: FinishReason = "stop"
    pause: float = 0.0
    hold_after: EngineEvent | None = None
    forgot: Forgot | None = None


class FakeEngine(JobThread):
    """Each question takes the next script, and the last one serves from then on; other jobs keep to its pace.

    Of a conversation it has read before what the last question had, however much the messages have changed.
    `load_errors` says which folders hold no usable model, and why; every other folder does. `jobs` is what was asked.
    """

    def __init__(self, *scripts: Script, load_errors: Mapping[Path, Exception] | None = None) -> None:
        self._worker_of_script = _ScriptedWorker(list(scripts) or [Script()], dict(load_errors or {}))
        super().__init__(self._worker_of_script)

    @property
    def jobs(self) -> list[Job]:
        """The jobs that were begun."""
        return self._worker_of_script.jobs

    @property
    def was_loaded(self) -> bool:
        """Whether any model was."""
        return self._worker_of_script.was_loaded

    @property
    def held(self) -> threading.Event:
        """Set while a job waits at its script's `hold_after`."""
        return self._worker_of_script.held

    def release(self) -> None:
        """Let the job go on that is held, or the next one that would be."""
        self._worker_of_script.released.set()


class _ScriptedWorker:
    def __init__(self, scripts: list[Script], load_errors: dict[Path, Exception]) -> None:
        self.scripts, self.load_errors = scripts, load_errors
        self.jobs: list[Job] = []
        self.held, self.released = threading.Event(), threading.Event()
        self.loaded: Path | None = None
        self.kept: dict[str | None, int] = {}  # tokens by conversation
        self.was_loaded = False

    def stream(self, job: Job, cancelled: threading.Event) -> Iterator[EngineEvent]:
        self.jobs.append(job)
        if isinstance(job, Limit):
            return
        if isinstance(job, AskMany):
            yield from self._answer_many(job, cancelled)
            return
        script = self._next_script() if isinstance(job, Ask) else self.scripts[0]
        yield from self._at_pace(self._events(job, script, cancelled), script, cancelled)

    def _next_script(self) -> Script:
        return self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]

    def _at_pace(
        self, events: Iterator[EngineEvent], script: Script, cancelled: threading.Event
    ) -> Iterator[EngineEvent]:
        for event in events:
            cancelled.wait(script.pause)
            yield event
            inner = event.event if isinstance(event, ItemEvent) else event
            if inner == script.hold_after:
                self._hold(cancelled)

    def _answer_many(self, job: AskMany, cancelled: threading.Event) -> Iterator[EngineEvent]:
        """One after the other, a script each; what has nothing to ask takes none, and no model."""
        with closing(stream_opened(job.openings)) as opened:
            for one in opened:
                _raise_if(cancelled)
                if isinstance(one, ItemEvent):
                    yield one
                    continue
                script = self._next_script()
                if self.loaded != job.folder:
                    yield from self._at_pace(self._load(job.folder), script, cancelled)
                    _raise_if(cancelled)
                yield from self._at_pace(_item_events(one, script, cancelled), script, cancelled)

    def rest(self) -> None:
        self._unload()

    def end(self) -> None:
        self._unload()

    def _unload(self) -> None:
        self.loaded = None
        self.kept.clear()

    def _hold(self, cancelled: threading.Event) -> None:
        self.held.set()
        while not (cancelled.is_set() or self.released.wait(0.01)):
            pass
        self.held.clear()
        self.released.clear()

    def _events(
        self,
        job: Ask | EncodeAhead | Glance | Load | SaveSession | OpenSession | Forget | Unload,
        script: Script,
        cancelled: threading.Event,
    ) -> Iterator[EngineEvent]:
        if isinstance(job, Unload):
            self._unload()
            return
        if isinstance(job, Forget):
            self.kept.pop(job.conversation, None)
            return
        if self.loaded != job.folder:
            yield from self._load(job.folder)
            _raise_if(cancelled)
        match job:
            case Ask(request=request, conversation=conversation):
                for event in _answer(request, script, cancelled, self.kept.get(conversation, 0)):
                    if conversation is not None and isinstance(event, Answered):
                        self.kept[conversation] = event.answer.prompt_tokens
                    yield event
            case Glance(picture=picture):
                yield from _look(_plans((picture,), "low"))
                yield Glimpsed(_colours(picture))
            case EncodeAhead(pictures=pictures, detail=detail):
                for event in _look(_plans(pictures, detail)):
                    yield event
                    _raise_if(cancelled)
            case SaveSession(conversation=conversation, file=file):
                if conversation not in self.kept:
                    raise SaveError("Nothing is kept of the conversation that could be written: ask something first.")
                file.write_text(str(self.kept[conversation]))
            case OpenSession(conversation=conversation, file=file):
                if not file.exists():
                    raise SaveError(f"{file} does not exist.")
                self.kept[conversation] = int(file.read_text())
            case Load():
                pass

    def _load(self, folder: Path) -> Iterator[EngineEvent]:
        self._unload()
        yield LoadStarted(folder)
        if error := self.load_errors.get(folder):
            raise error
        self.loaded, self.was_loaded = folder, True
        yield Loaded(folder, 0.25, IMAGE_CONFIG, CONTEXT)


def _raise_if(cancelled: threading.Event) -> None:
    if cancelled.is_set():
        raise Cancelled("The job was stopped.")


def _plans(pictures: tuple[Picture, ...], detail: Detail) -> tuple[Plan, ...]:
    return tuple(plan(picture.image.width, picture.image.height, detail, IMAGE_CONFIG) for picture in pictures)


def _colours(picture: Picture) -> tuple[float, ...]:
    """Sixteen colours of a picture as a vector of length 1."""
    pixels = [1.0 + value for value in picture.image.resize((4, 4)).tobytes()]
    return tuple(value / math.hypot(*pixels) for value in pixels)


def _look(plans: tuple[Plan | FramePlan, ...]) -> Iterator[TilesEncoded]:
    total = sum(plan.tiles for plan in plans)
    yield from (TilesEncoded(done, total) for done in range(1, total + 1))


def _answer(request: Request, script: Script, cancelled: threading.Event, cached: int = 0) -> Iterator[Event]:
    plans = _plans(tuple(request.pictures), request.detail)
    image_tokens = TOKENS_PER_TILE * sum(plan.tiles for plan in plans)
    planned = Planned(plans, image_tokens, PROMPT_WORDS * len(request.messages) + image_tokens)
    said: list[str] = []
    finish_reason = "length" if request.max_tokens < len(script.steps) else script.finish_reason
    try:
        for event in _before_the_answer(planned, script.forgot):
            yield event
            _raise_if(cancelled)
        for step in script.steps[: request.max_tokens]:
            if isinstance(step, Exception):
                raise step
            said.append(step)
            yield TextDelta(step)
            _raise_if(cancelled)
    except Cancelled:
        finish_reason = "cancelled"
    answer = _as_answer(said, finish_reason, planned, min(cached, planned.prompt_tokens - 1))
    yield Answered(replace(answer, forgot=script.forgot))


def _item_events(opened: Opened, script: Script, cancelled: threading.Event) -> Iterator[ItemEvent]:
    try:
        for event in _answer(opened.take(), script, cancelled):
            _raise_if(cancelled)
            yield ItemEvent(opened.item, event)
    except Cancelled:
        raise
    except Exception as error:
        yield ItemEvent(opened.item, Failed(error))


def _before_the_answer(planned: Planned, forgot: Forgot | None) -> Iterator[Event]:
    if forgot:
        yield forgot
    yield planned
    yield from _look(planned.plans)
    yield Prefilled(planned.prompt_tokens, planned.prompt_tokens)


def _as_answer(said: list[str], finish_reason: FinishReason, planned: Planned, cached: int) -> Answer:
    """Figures that agree with each other, the same ones at each run."""
    generated = len(said)
    decode = 0.02 * (generated - 1)
    return Answer(
        text="".join(said).rstrip(),
        finish_reason=finish_reason,
        confidence=Confidence(0.75, 0.5) if said else None,
        plans=planned.plans,
        image_tokens=planned.image_tokens,
        prompt_tokens=planned.prompt_tokens,
        cached_tokens=cached,
        generated_tokens=generated,
        seconds=Seconds(0.01, 0.5, 0.25, 0.8 if said else None, decode if said else None),
        tokens_per_second=50.0 if generated > 1 else None,
        peak_memory_bytes=600_000_000,
    )
