"""One question answered: plan, look, read the prompt, speak.

`stream_answer` is the whole way from a conversation with pictures and clips to words and the figures that it took, as a
generator of events. It reads no files but clips, frame by frame, and keeps nothing for the next question.
"""

import math
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import mlx.core as mx
import numpy as np

from mlx_model.cache import KVCache
from mlx_model.checkpoint import Checkpoint
from mlx_model.config import ImageConfig
from mlx_model.context import check_context, most_that_fit
from mlx_model.errors import Cancelled, InputError
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
    TilesEncoded,
)
from mlx_model.features import in_batches, stream_features
from mlx_model.generate import prefill, stream_tokens
from mlx_model.images import Detail, Plan, cut_tiles, plan, unique_tiles
from mlx_model.prompt import Message, Part, Picture, Prompt, Text, build_prompt, build_raw_prompt
from mlx_model.read_ahead import read_ahead
from mlx_model.repetition import RepetitionGuard
from mlx_model.sampling import Sampler, Sampling
from mlx_model.video import Clip, FramePlan, plan_frames, stream_tiles


@dataclass(frozen=True)
class Request:
    """A question. `raw` sends the last message's text as it is, without the chat template."""

    messages: tuple[Message, ...]
    detail: Detail = "auto"
    max_tokens: int = 512
    sampling: Sampling = field(default_factory=Sampling)
    raw: bool = False
    repetition_guard: bool = True

    @property
    def parts(self) -> list[Part]:
        return [part for message in self.messages for part in message.parts]

    @property
    def pictures(self) -> list[Picture]:
        return [part for part in self.parts if isinstance(part, Picture)]

    @property
    def media(self) -> list[Picture | Clip]:
        """Pictures and clips in their order."""
        return [part for part in self.parts if isinstance(part, Picture | Clip)]


def stream_answer(
    checkpoint: Checkpoint, request: Request, cancelled: threading.Event | None = None, *, reading: float = 0.0
) -> Iterator[Event]:
    """Answer a request; the last event is `Answered`, also when `cancelled` was set on the way.

    `cancelled` is looked at between tiles, prefill steps and tokens. `reading` is the seconds that went into opening
    the pictures, which belong to the request too. Raises ContextLimitError before any work where the prompt does not
    fit, InputError where the model cannot take such a question.
    """
    mx.reset_peak_memory()
    run = _Run(checkpoint, request, cancelled or threading.Event(), reading)
    try:
        yield from run.stream()
    except Cancelled:
        run.finish_reason = "cancelled"
    yield from run.end_text()
    yield Answered(run.answer())


class _Run:
    """One request on its way: what is known so far, and the clock."""

    def __init__(self, checkpoint: Checkpoint, request: Request, cancelled: threading.Event, reading: float) -> None:
        self.checkpoint, self.request, self.cancelled = checkpoint, request, cancelled
        self.started = time.perf_counter() - reading
        self.seconds = {"preprocess": reading, "vision": 0.0, "prefill": 0.0}
        self.token_times: list[float] = []
        self.plans: tuple[Plan | FramePlan, ...] = ()
        self.prompt = Prompt((), "", 0)
        self.text_stream = checkpoint.tokenizer.stream()
        self.text = ""
        self.probabilities: list[float] = []
        self.finish_reason: FinishReason = "length"

    def stream(self) -> Iterator[Event]:
        with self._timed("preprocess"):
            room = self._plan()
        yield Planned(self.plans, self.prompt.image_token_count, len(self.prompt.ids))
        features = yield from self._look()
        with self._timed("prefill"):
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
        if not request.pictures:
            return check_context(tokens, context)
        lower = () if request.detail == "low" else range(self._image_config().high - 1, 0, -1)
        return check_context(tokens, context, lower, lambda n: len(self._prompt_at(n)[1].ids))

    def _tokens_with_frames(self, max_frames: int) -> int:
        return len(self._prompt_at(self.request.detail, max_frames)[1].ids)

    def _prompt_at(self, detail: Detail, max_frames: int | None = None) -> tuple[tuple[Plan | FramePlan, ...], Prompt]:
        request, checkpoint = self.request, self.checkpoint
        plans = tuple(
            plan_frames(part, self._image_config(), max_frames)
            if isinstance(part, Clip)
            else plan(part.image.width, part.image.height, detail, self._image_config())
            for part in request.media
        )
        if request.raw:
            text = "".join(part.text for part in request.parts if isinstance(part, Text))
            return plans, build_raw_prompt(text, plans, checkpoint.tokenizer, checkpoint.config)
        return plans, build_prompt(
            request.messages, plans, checkpoint.template, checkpoint.tokenizer, checkpoint.config
        )

    def _image_config(self) -> ImageConfig:
        if self.checkpoint.image_config is None:
            raise InputError("The model reads text alone and cannot look at pictures: choose a SmolVLM checkpoint.")
        return self.checkpoint.image_config

    def _look(self) -> Generator[Event, None, mx.array | None]:
        """Image tokens of all pictures and clips in a row, [tokens, D]; what was seen of `plans`."""
        features: list[mx.array] = []
        for part, part_plan in zip(self.request.media, self.plans, strict=True):
            self._stop_if_cancelled()
            done = sum(map(len, features))
            if isinstance(part, Clip) and isinstance(part_plan, FramePlan):
                features.append((yield from self._watch(part, part_plan, done)))
            elif isinstance(part, Picture) and isinstance(part_plan, Plan):
                features.append((yield from self._look_at(part, part_plan, done)))
        # The encoder's activations are the largest buffers of all; the decoder cannot use them again.
        mx.clear_cache()
        return mx.concatenate(features).flatten(0, 1) if features else None

    def _look_at(self, picture: Picture, picture_plan: Plan, before: int) -> Generator[Event, None, mx.array]:
        """A picture's features; identical tiles are encoded once."""
        with self._timed("preprocess"):
            distinct, order = unique_tiles(cut_tiles(picture.image, picture_plan, self._image_config()))
        features = yield from self._encode(distinct, before)
        yield TilesEncoded(before + picture_plan.tiles, self._tiles)
        return mx.concatenate(features)[mx.array(order)]

    def _watch(self, clip: Clip, frames: FramePlan, before: int) -> Generator[Event, None, mx.array]:
        """A clip's features; the next frames are read while those before them are encoded."""
        features: list[mx.array] = []
        tiles = stream_tiles(clip, frames, self._image_config(), self.cancelled)
        with closing(read_ahead(in_batches(tiles))) as batches:
            while True:
                with self._timed("preprocess"):
                    batch = next(batches, None)
                if batch is None:
                    return mx.concatenate(features)
                features += yield from self._encode(batch, before + sum(map(len, features)))

    def _encode(self, tiles: np.ndarray, before: int) -> Generator[Event, None, list[mx.array]]:
        features: list[mx.array] = []
        with self._timed("vision"):
            for batch in stream_features(self.checkpoint.model, tiles, self._image_config()):
                features.append(batch)
                yield TilesEncoded(before + sum(map(len, features)), self._tiles)
                self._stop_if_cancelled()
        return features

    @property
    def _tiles(self) -> int:
        return sum(plan.tiles for plan in self.plans)

    def _read(self, features: mx.array | None) -> Generator[Event, None, tuple[mx.array, list[KVCache]]]:
        """The logits after the prompt, and the cache that holds it."""
        model = self.checkpoint.model
        cache = model.language_model.new_cache()
        embeddings = model.embed(mx.array([self.prompt.ids]), features)
        hidden = embeddings
        for hidden in prefill(model.language_model, embeddings, cache):  # noqa: B007 (the last one is wanted)
            yield Prefilled(cache[0].offset, len(self.prompt.ids))
            self._stop_if_cancelled()
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
            self._stop_if_cancelled()

    def _say(self, piece: str) -> Iterator[Event]:
        # A template ends with "Assistant:", so an answer begins with a blank that is no part of it.
        if not self.text and not self.request.raw:
            piece = piece.lstrip()
        if piece:
            self.text += piece
            yield TextDelta(piece)

    def end_text(self) -> Iterator[Event]:
        yield from self._say(self.text_stream.flush())

    def _stop_if_cancelled(self) -> None:
        if self.cancelled.is_set():
            raise Cancelled("The answer was stopped.")

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start

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
            seconds=Seconds(**self.seconds, first_token=times[0] - self.started if times else None, decode=decode),
            tokens_per_second=(generated - 1) / decode if decode else None,
            peak_memory_bytes=mx.get_peak_memory(),
        )
