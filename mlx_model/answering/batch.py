"""Many requests answered together: each prompt is read alone, then every step draws one token of every answer.

A step reads the weights once for all. An answer that ends leaves its place to the next request at once (continuous
batching: Orca, OSDI 2022). Greedy answers are those of `stream_answer`, and so are answers drawn with a seed: each
has random numbers of its own. Pictures are let go as soon as they were looked at.
"""

import logging
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import mlx.core as mx

from mlx_model.answering.answer import PromptReading
from mlx_model.answering.batch_cache import BatchKVCache, regroup
from mlx_model.answering.features import FeatureCache
from mlx_model.answering.generate import Token
from mlx_model.answering.looking import Plans
from mlx_model.answering.sampling import Sampler, likeliest
from mlx_model.answering.speech import Speech
from mlx_model.answering.stopwatch import Stopwatch
from mlx_model.cache import KVCache
from mlx_model.errors import Cancelled, SmolsightError, stop_if, without_values
from mlx_model.events import Answered, Event
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.openings import Opened
from mlx_model.prompting.prompt import Prompt
from mlx_model.protocol import Failed, ItemEvent
from mlx_model.sessions.session import Session

log = logging.getLogger(__name__)


def stream_batch(
    checkpoint: Checkpoint,
    opened: Iterator[Opened | ItemEvent],
    size: int,
    cancelled: threading.Event,
    seen: FeatureCache | None = None,
) -> Iterator[ItemEvent]:
    """Answer every opened request, up to `size` of them at a time; what is an event already is handed on.

    A picture that is in `seen` is not encoded again; others go there. Each request ends with one `Answered` or
    `Failed`, in the order in which answers end. Raises Cancelled after the step under way (a batch of tiles, a prefill
    step, a token of each answer).
    """
    mx.reset_peak_memory()
    batch = _Batch(checkpoint, size, cancelled, seen)
    while True:
        yield from batch.admit(opened)
        if batch.is_empty:
            return
        yield from batch.step()


@dataclass
class _Row:
    """One sequence of the batch: its answer so far, and the token that comes next, which the device may still draw."""

    item: int
    speech: Speech
    room: int
    sampler: Sampler
    token: mx.array
    logprob: mx.array
    prompt: Prompt
    plans: Plans
    watch: Stopwatch
    said: list[mx.array] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        return self.speech.finish_reason != "length" or self.speech.drawn >= self.room

    def take(self, token: Token) -> Iterator[ItemEvent]:
        yield from self._tell(self.speech.take(token))

    def end(self) -> Iterator[ItemEvent]:
        yield from self._tell(self.speech.end())
        yield ItemEvent(self.item, Answered(self.speech.answer(self.plans, self.prompt, self.watch)))

    def _tell(self, events: Iterator[Event]) -> Iterator[ItemEvent]:
        yield from (ItemEvent(self.item, event) for event in events)


class _Batch:
    """The sequences that are decoded together, in the rows' order, and their KV cache, a layer each."""

    def __init__(
        self, checkpoint: Checkpoint, size: int, cancelled: threading.Event, seen: FeatureCache | None
    ) -> None:
        self.checkpoint, self.size, self.cancelled, self.seen = checkpoint, size, cancelled, seen
        self._rows: list[_Row] = []
        self._cache: list[BatchKVCache] = []

    @property
    def is_empty(self) -> bool:
        return not self._rows

    def admit(self, opened: Iterator[Opened | ItemEvent]) -> Iterator[ItemEvent]:
        """Let those go that have ended, and read the next requests' prompts into their places."""
        staying = [place for place, row in enumerate(self._rows) if not row.has_ended]
        rows, joining = [self._rows[place] for place in staying], []
        while len(rows) < self.size and (upcoming := next(opened, None)):
            if isinstance(upcoming, ItemEvent):
                yield upcoming
            elif ready := (yield from self._read(upcoming)):
                rows.append(ready[0])
                joining.append(ready[1])
        if rows and (joining or len(rows) < len(self._rows)):
            self._cache = regroup(self._cache if staying else [], staying, joining)
        self._rows = rows

    def _read(self, opened: Opened) -> Generator[ItemEvent, None, tuple[_Row, list[KVCache]] | None]:
        """A sequence that is ready to speak; None for one that failed, or that is to say nothing."""
        item, request = opened.item, opened.take()
        prompt = PromptReading(self.checkpoint, request, self.cancelled, opened.seconds, self.seen)
        session = Session(self.checkpoint.model.language_model.new_cache())
        try:
            for event in prompt.plan():
                yield ItemEvent(item, event)
            steps = prompt.read(session)
            while True:
                yield ItemEvent(item, next(steps))
        except StopIteration as end:
            logits: mx.array = end.value
        except Cancelled:
            raise
        except Exception as error:
            if not isinstance(error, SmolsightError):
                log.error("One of many requests failed.", exc_info=error)
            yield ItemEvent(item, Failed(without_values(error)))
            return None
        sampler = Sampler(request.sampling)
        token, logprob = sampler(logits, [])
        speech = Speech(self.checkpoint, request)
        work = prompt.work
        row = _Row(item, speech, prompt.room, sampler, token, logprob, work.prompt, work.plans, prompt.watch)
        if row.has_ended:
            yield from row.end()
            return None
        return row, session.cache

    def step(self) -> Iterator[ItemEvent]:
        """One token of every answer."""
        for row, token in zip(self._rows, self._draw(), strict=True):
            yield from row.take(token)
            if row.has_ended:
                yield from row.end()
        stop_if(self.cancelled, "The answers were stopped.")

    def _draw(self) -> list[Token]:
        """The tokens that were under way, with the next ones on the device before these are waited for."""
        rows, model = self._rows, self.checkpoint.model.language_model
        drawn = [(row.token, row.logprob) for row in rows]
        hidden = model(model.embed_tokens(mx.stack([row.token for row in rows])[:, None]), self._cache)
        logits = model.logits(hidden)[:, -1]
        if all(row.sampler.is_greedy for row in rows):
            tokens, logprobs = likeliest(logits)
            for place, row in enumerate(rows):
                row.token, row.logprob = tokens[place], logprobs[place]
        else:
            for row, row_logits in zip(rows, logits, strict=True):
                row.said.append(row.token)
                row.token, row.logprob = row.sampler(row_logits, row.said)
        mx.async_eval([row.token for row in rows], [row.logprob for row in rows])
        return [Token(int(token), float(logprob)) for token, logprob in drawn]
