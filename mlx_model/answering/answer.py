"""One question answered: plan, look, read the prompt, speak.

`stream_answer` is the whole way from a conversation with pictures to words and the figures that it took, as a
generator of events. It reads no files. What is kept for the next question is `features.py`'s and `sessions.py`'s.
"""

import threading
from collections.abc import Generator, Iterator, Sequence
from itertools import accumulate

import mlx.core as mx

from mlx_model.answering.features import FeatureCache
from mlx_model.answering.generate import prefill, stream_tokens
from mlx_model.answering.looking import Looking
from mlx_model.answering.sampling import Sampler
from mlx_model.answering.speech import Speech
from mlx_model.answering.stopwatch import Stopwatch
from mlx_model.errors import Cancelled, stop_if
from mlx_model.events import Answered, Event, Planned, Prefilled
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.prompting.planning import Work, plan_work
from mlx_model.request import Request
from mlx_model.sessions.kept_sessions import Sessions
from mlx_model.sessions.session import Mark, Session, marks_of, media_marks


def stream_answer(
    checkpoint: Checkpoint,
    request: Request,
    cancelled: threading.Event | None = None,
    *,
    reading: float = 0.0,
    seen: FeatureCache | None = None,
    kept: Sessions | None = None,
    conversation: str | None = None,
) -> Iterator[Event]:
    """Answer a request; the last event is `Answered`, also when `cancelled` was set on the way.

    `cancelled` is looked at between tiles, prefill steps and tokens. `reading` is the seconds that went into opening
    the pictures, which belong to the request too. A picture that is in `seen` is not encoded again; others go there.
    What a session in `kept` holds of the prompt is not read again; with a `conversation` the session is kept by that
    name, and what the context does not hold of it is left out, oldest first.
    Raises ContextLimitError before any work where the prompt does not fit, InputError where the model cannot take such
    a question.
    """
    mx.reset_peak_memory()
    model = checkpoint.model.language_model
    kept = kept or Sessions(model.new_cache)
    prompt = PromptReading(checkpoint, request, cancelled or threading.Event(), reading, seen)
    speech = Speech(checkpoint, request)
    try:
        yield from prompt.plan(may_forget=conversation is not None)
        with kept.lent(conversation, prompt.marks() if conversation is not None else prompt.ids) as session:
            logits = yield from prompt.read(session)
            for token in stream_tokens(model, logits, session.cache, Sampler(request.sampling), prompt.room):
                session.draw(token.id)
                yield from speech.take(token)
                if speech.finish_reason != "length":
                    break
                prompt.stop_if_cancelled()
    except Cancelled:
        speech.finish_reason = "cancelled"
    yield from speech.end()
    work = prompt.work
    yield Answered(speech.answer(work.plans, work.prompt, prompt.watch, prompt.cached_tokens, work.forgot))


class PromptReading:
    """One request on its way to the first token, and the clock. A batch of requests has one for each."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        request: Request,
        cancelled: threading.Event,
        reading: float = 0.0,
        seen: FeatureCache | None = None,
    ) -> None:
        self.checkpoint, self.cancelled, self.seen = checkpoint, cancelled, seen
        self.watch = Stopwatch(reading)
        self.work = Work(request)
        self.cached_tokens = 0

    @property
    def ids(self) -> Sequence[int]:
        """The prompt's."""
        return self.work.prompt.ids

    @property
    def room(self) -> int:
        """The most tokens that the answer can have."""
        return min(self.work.request.max_tokens, self.work.room)

    def plan(self, *, may_forget: bool = False) -> Iterator[Event]:
        """Settle what is read; raises as `plan_work`."""
        with self.watch.stage("preprocess"):
            self.work = work = plan_work(self.checkpoint, self.work.request, may_forget=may_forget)
        if work.forgot:
            yield work.forgot
        yield Planned(work.plans, work.prompt.image_token_count, len(work.prompt.ids))

    def read(self, session: Session) -> Generator[Event, None, mx.array]:
        """The logits [V] after the prompt, which then is in the session's cache. Raises Cancelled."""
        self.cached_tokens = session.length
        features = yield from self._look(session.length)
        with self.watch.stage("prefill"):
            return (yield from self._read(session, features))

    def marks(self) -> Sequence[Mark]:
        """What identifies each position of the prompt."""
        work, config = self.work, self.checkpoint.config
        media = zip(work.request.media, work.plans, strict=True)
        shown = [mark for medium, plan in media for mark in media_marks(medium, plan)]
        per_tile = config.tokens_per_tile
        return marks_of(work.prompt.ids, config.image_token_id, [(mark, tiles * per_tile) for mark, tiles in shown])

    def _look(self, known: int) -> Generator[Event, None, mx.array | None]:
        """Image tokens [n, D] for the prompt behind its `known` positions; what lies before is not looked at."""
        work, config = self.work, self.checkpoint.config
        looking = Looking(self.checkpoint, work.request, self.cancelled, self.watch, self.seen)
        image_tokens = work.prompt.ids[:known].count(config.image_token_id) if work.plans else 0
        ends = accumulate(plan.tiles * config.tokens_per_tile for plan in work.plans)
        whole = [end for end in ends if end <= image_tokens]
        features = yield from looking.stream(work.plans, len(whole))
        return None if features is None else features[image_tokens - (whole[-1] if whole else 0) :]

    def _read(self, session: Session, features: mx.array | None) -> Generator[Event, None, mx.array]:
        """The logits after the prompt, which then is in the session's cache."""
        model, ids = self.checkpoint.model, self.work.prompt.ids
        embeddings = model.embed(mx.array([ids[session.length :]]), features)
        hidden = embeddings
        for hidden in prefill(model.language_model, embeddings, session.cache):  # noqa: B007 (the last one is wanted)
            yield Prefilled(session.length, len(ids))
            self.stop_if_cancelled()
        return model.language_model.logits(hidden)[0, -1]

    def stop_if_cancelled(self) -> None:
        stop_if(self.cancelled, "The answer was stopped.")
