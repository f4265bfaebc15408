"""One question answered: plan, look, read the prompt, speak.

`stream_answer` is the whole way from a conversation with pictures to words and the figures that it took, as a
generator of events. It reads no files and keeps nothing for the next question.
"""

import math
import threading
import time
from collections.abc import Generator, Iterator

import mlx.core as mx

from mlx_model.cache import KVCache
from mlx_model.checkpoint import Checkpoint
from mlx_model.context import check_context, most_that_fit
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
from mlx_model.images import Detail
from mlx_model.looking import Looking, Plans
from mlx_model.prompt import Prompt, Text, build_prompt, build_raw_prompt
from mlx_model.repetition import RepetitionGuard
from mlx_model.request import Request
from mlx_model.sampling import Sampler
from mlx_model.stopwatch import Stopwatch
from mlx_model.video import FramePlan


def stream_answer(
    checkpoint: Checkpoint,
    request: Request,
    cancelled: threading.Event | None = None,
    *,
    reading: float = 0.0,
    seen: FeatureCache | None = None,
) -> Iterator[Event]:
    """Answer a request; the last event is `Answered`, also when `cancelled` was set on the way.

    `cancelled` is looked at between tiles, prefill steps and tokens. `reading` is the seconds that went into opening
    the pictures, which belong to the request too. A picture that is in `seen` is not encoded again; others go there.
    Raises ContextLimitError before any work where the prompt does not fit, InputError where the model cannot take such
    a question.
    """
    mx.reset_peak_memory()
    run = _Run(checkpoint, request, cancelled or threading.Event(), reading, seen)
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
    ) -> None:
        self.checkpoint, self.request = checkpoint, request
        self.watch = Stopwatch(reading)
        self.looking = Looking(checkpoint, request, cancelled, self.watch, seen)
        self.token_times: list[float] = []
        self.plans: Plans = ()
        self.prompt = Prompt((), "", 0)
        self.text_stream = checkpoint.tokenizer.stream()
        self.text = ""
        self.probabilities: list[float] = []
        self.finish_reason: FinishReason = "length"

    def stream(self) -> Iterator[Event]:
        with self.watch.stage("preprocess"):
            room = self._plan()
        yield Planned(self.plans, self.prompt.image_token_count, len(self.prompt.ids))
        features = yield from self.looking.stream(self.plans)
        with self.watch.stage("prefill"):
            logits, cache = yield from self._read(features)
        yield from self._speak(logits, cache, min(self.request.max_tokens, room))

    def _plan(self) -> int:
        """Settle tiles and prompt; the number of tokens that the context leaves for the answer."""
        request, config = self.request, self.checkpoint.config
        self.plans, self.prompt = self._prompt_at(request.detail)
        tokens, context = len(self.prompt.ids), config.text.max_position_embeddings
        if frames := max((plan.tiles for plan in self.plans if isinstance(plan, FramePlan)), default=0):
            fewer = most_that_fit(frames, context, self._tokens_with_frames)
            return check_context(tokens, context, fewer, self._tokens_with_frames, "--max-frames", "a single frame")
        if not request.media:
            return check_context(tokens, context)
        lower = () if request.detail == "low" else range(self.looking.image_config.high - 1, 0, -1)
        return check_context(tokens, context, lower, lambda n: len(self._prompt_at(n)[1].ids))

    def _tokens_with_frames(self, max_frames: int) -> int:
        return len(self._prompt_at(self.request.detail, max_frames)[1].ids)

    def _prompt_at(self, detail: Detail, max_frames: int | None = None) -> tuple[Plans, Prompt]:
        request, checkpoint = self.request, self.checkpoint
        plans = self.looking.plans_at(detail, max_frames)
        if request.raw:
            text = "".join(part.text for part in request.parts if isinstance(part, Text))
            return plans, build_raw_prompt(text, plans, checkpoint.tokenizer, checkpoint.config)
        return plans, build_prompt(
            request.messages, plans, checkpoint.template, checkpoint.tokenizer, checkpoint.config
        )

    def _read(self, features: mx.array | None) -> Generator[Event, None, tuple[mx.array, list[KVCache]]]:
        """The logits after the prompt, and the cache that holds it."""
        model = self.checkpoint.model
        cache = model.language_model.new_cache()
        embeddings = model.embed(mx.array([self.prompt.ids]), features)
        hidden = embeddings
        for hidden in prefill(model.language_model, embeddings, cache):  # noqa: B007 (the last one is wanted)
            yield Prefilled(cache[0].offset, len(self.prompt.ids))
            self.looking.stop_if_cancelled()
        return model.language_model.logits(hidden)[0, -1], cache

    def _speak(self, logits: mx.array, cache: list[KVCache], max_tokens: int) -> Iterator[Event]:
        guard = RepetitionGuard()
        sampler = Sampler(self.request.sampling)
        for token in stream_tokens(self.checkpoint.model.language_model, logits, cache, sampler, max_tokens):
            self.token_times.append(time.perf_counter())
            if token.id in self.checkpoint.stop_ids:
                self.finish_reason = "stop"
                return
            self.probabilities.append(math.exp(token.logprob))
            yield from self._say(self.text_stream.push(token.id))
            if self.request.repetition_guard and guard.is_loop(token.id):
                self.finish_reason = "repetition"
                return
            self.looking.stop_if_cancelled()

    def _say(self, piece: str) -> Iterator[Event]:
        # A template ends with "Assistant:", so an answer begins with a blank that is no part of it.
        if not self.text and not self.request.raw:
            piece = piece.lstrip()
        if piece:
            self.text += piece
            yield TextDelta(piece)

    def end_text(self) -> Iterator[Event]:
        yield from self._say(self.text_stream.flush())

    def answer(self) -> Answer:
        generated = len(self.probabilities)
        # The stop token's time is no part of the answer's, unless it is all there is.
        times = self.token_times[: max(generated, 1)]
        decode = times[-1] - times[0] if times else None
        return Answer(
            text=self.text if self.request.raw else self.text.rstrip(),
            finish_reason=self.finish_reason,
            confidence=Confidence(sum(self.probabilities) / generated, min(self.probabilities)) if generated else None,
            plans=self.plans,
            image_tokens=self.prompt.image_token_count,
            prompt_tokens=len(self.prompt.ids),
            cached_tokens=0,
            generated_tokens=generated,
            seconds=Seconds(
                **self.watch.seconds, first_token=times[0] - self.watch.started if times else None, decode=decode
            ),
            tokens_per_second=(generated - 1) / decode if decode else None,
            peak_memory_bytes=mx.get_peak_memory(),
        )
