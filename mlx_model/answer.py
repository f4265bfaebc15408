"""One question answered: plan, look, read the prompt, speak.

`stream_answer` is the whole way from a conversation with pictures to words and the figures that it took, as a
generator of events. It reads no files. What is kept for the next question is `features.py`'s and `sessions.py`'s.
"""

import math
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from itertools import accumulate

import mlx.core as mx

from mlx_model.checkpoint import Checkpoint
from mlx_model.errors import Cancelled
from mlx_model.events import (
    Answer,
    Answered,
    Confidence,
    Event,
    FinishReason,
    Planned,
    Prefilled,
    Seconds,
    TextDelta,
)
from mlx_model.features import FeatureCache
from mlx_model.generate import prefill, stream_tokens
from mlx_model.looking import Looking
from mlx_model.planning import Work, plan_work
from mlx_model.repetition import RepetitionGuard
from mlx_model.request import Request
from mlx_model.sampling import Sampler
from mlx_model.session import Mark, Session, marks_of, media_mark
from mlx_model.sessions import Sessions
from mlx_model.stopwatch import Stopwatch


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
    kept = kept or Sessions(checkpoint.model.language_model.new_cache)
    run = _Run(checkpoint, request, cancelled or threading.Event(), reading, seen, kept, conversation)
    try:
        yield from run.stream()
    except Cancelled:
        run.finish_reason = "cancelled"
    yield from run.end_text()
    yield Answered(run.answer())


class _Run:
    """One request on its way: what is known so far, and the clock."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        request: Request,
        cancelled: threading.Event,
        reading: float,
        seen: FeatureCache | None,
        kept: Sessions,
        conversation: str | None,
    ) -> None:
        self.checkpoint, self.cancelled, self.seen = checkpoint, cancelled, seen
        self.kept, self.conversation = kept, conversation
        self.watch = Stopwatch(reading)
        self.work = Work(request)
        self.cached_tokens = 0
        self.token_times: list[float] = []
        self.text_stream = checkpoint.tokenizer.stream()
        self.text = ""
        self.probabilities: list[float] = []
        self.finish_reason: FinishReason = "length"

    def stream(self) -> Iterator[Event]:
        with self.watch.stage("preprocess"):
            may_forget = self.conversation is not None
            self.work = work = plan_work(self.checkpoint, self.work.request, may_forget=may_forget)
            marks = self._marks()
        if work.forgot:
            yield work.forgot
        yield Planned(work.plans, work.prompt.image_token_count, len(work.prompt.ids))
        with self.kept.lent(self.conversation, marks) as session:
            self.cached_tokens = session.length
            features = yield from self._look(session.length)
            with self.watch.stage("prefill"):
                logits = yield from self._read(session, features)
            yield from self._speak(logits, session, min(work.request.max_tokens, work.room))

    def _marks(self) -> Sequence[Mark]:
        """What identifies each position of the prompt; ids do where nothing will be compared."""
        work, config = self.work, self.checkpoint.config
        if self.conversation is None:
            return work.prompt.ids
        media = zip(work.request.media, work.plans, strict=True)
        shown = [(media_mark(medium, plan), plan.tiles * config.tokens_per_tile) for medium, plan in media]
        return marks_of(work.prompt.ids, config.image_token_id, shown)

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
            self._stop_if_cancelled()
        return model.language_model.logits(hidden)[0, -1]

    def _speak(self, logits: mx.array, session: Session, max_tokens: int) -> Iterator[Event]:
        guard, model, request = RepetitionGuard(), self.checkpoint.model.language_model, self.work.request
        for token in stream_tokens(model, logits, session.cache, Sampler(request.sampling), max_tokens):
            self.token_times.append(time.perf_counter())
            session.draw(token.id)
            if token.id in self.checkpoint.stop_ids:
                self.finish_reason = "stop"
                return
            self.probabilities.append(math.exp(token.logprob))
            yield from self._say(self.text_stream.push(token.id))
            if request.repetition_guard and guard.is_loop(token.id):
                self.finish_reason = "repetition"
                return
            self._stop_if_cancelled()

    def _stop_if_cancelled(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled("The answer was stopped.")

    def _say(self, piece: str) -> Iterator[Event]:
        # A template ends with "Assistant:", so an answer begins with a blank that is no part of it.
        if not self.text and not self.work.request.raw:
            piece = piece.lstrip()
        if piece:
            self.text += piece
            yield TextDelta(piece)

    def end_text(self) -> Iterator[Event]:
        yield from self._say(self.text_stream.flush())

    def answer(self) -> Answer:
        generated, work = len(self.probabilities), self.work
        # The stop token's time is no part of the answer's, unless it is all there is.
        times = self.token_times[: max(generated, 1)]
        decode = times[-1] - times[0] if times else None
        return Answer(
            text=self.text if work.request.raw else self.text.rstrip(),
            finish_reason=self.finish_reason,
            confidence=Confidence(sum(self.probabilities) / generated, min(self.probabilities)) if generated else None,
            plans=work.plans,
            image_tokens=work.prompt.image_token_count,
            prompt_tokens=len(work.prompt.ids),
            cached_tokens=self.cached_tokens,
            generated_tokens=generated,
            seconds=Seconds(
                **self.watch.seconds, first_token=times[0] - self.watch.started if times else None, decode=decode
            ),
            tokens_per_second=(generated - 1) / decode if decode else None,
            peak_memory_bytes=mx.get_peak_memory(),
            forgot=work.forgot,
        )
