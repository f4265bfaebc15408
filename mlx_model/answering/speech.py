"""From drawn tokens to an answer: whole characters, stop tokens, the repetition guard, and the figures at the end.

One answer and a batch of them share this. Knows neither the model nor pictures, and holds none of them.
"""

import math
import time
from collections.abc import Iterator

import mlx.core as mx

from mlx_model.answering.generate import Token
from mlx_model.answering.looking import Plans
from mlx_model.answering.repetition import RepetitionGuard
from mlx_model.answering.stopwatch import Stopwatch
from mlx_model.events import Answer, Confidence, Event, FinishReason, Forgot, Seconds, TextDelta
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.prompting.prompt import Prompt
from mlx_model.request import Request


class Speech:
    """One answer as it comes. `finish_reason` is "length" until something else ends it."""

    def __init__(self, checkpoint: Checkpoint, request: Request) -> None:
        self.finish_reason: FinishReason = "length"
        self._raw = request.raw
        self._stop_ids = checkpoint.stop_ids
        self._guard = RepetitionGuard() if request.repetition_guard else None
        self._stream = checkpoint.tokenizer.stream()
        self._text = ""
        self._times: list[float] = []
        self._probabilities: list[float] = []

    @property
    def drawn(self) -> int:
        """Tokens taken so far, the stop token included."""
        return len(self._times)

    def take(self, token: Token) -> Iterator[Event]:
        """The next token's words; whether it was the last stands in `finish_reason`."""
        self._times.append(time.perf_counter())
        if token.id in self._stop_ids:
            self.finish_reason = "stop"
            return
        self._probabilities.append(math.exp(token.logprob))
        yield from self._say(self._stream.push(token.id))
        if self._guard and self._guard.is_loop(token.id):
            self.finish_reason = "repetition"

    def end(self) -> Iterator[Event]:
        """The words that were held back for a character to become whole."""
        yield from self._say(self._stream.flush())

    def _say(self, piece: str) -> Iterator[Event]:
        # A template ends with "Assistant:", so an answer begins with a blank that is no part of it.
        if not self._text and not self._raw:
            piece = piece.lstrip()
        if piece:
            self._text += piece
            yield TextDelta(piece)

    def answer(
        self, plans: Plans, prompt: Prompt, watch: Stopwatch, cached_tokens: int = 0, forgot: Forgot | None = None
    ) -> Answer:
        """The whole answer, with what is known of its question."""
        generated = len(self._probabilities)
        # The stop token's time is no part of the answer's, unless it is all there is.
        times = self._times[: max(generated, 1)]
        decode = times[-1] - times[0] if times else None
        return Answer(
            text=self._text if self._raw else self._text.rstrip(),
            finish_reason=self.finish_reason,
            confidence=Confidence(sum(self._probabilities) / generated, min(self._probabilities))
            if generated
            else None,
            plans=plans,
            image_tokens=prompt.image_token_count,
            prompt_tokens=len(prompt.ids),
            cached_tokens=cached_tokens,
            generated_tokens=generated,
            seconds=Seconds(**watch.seconds, first_token=times[0] - watch.started if times else None, decode=decode),
            tokens_per_second=(generated - 1) / decode if decode else None,
            peak_memory_bytes=mx.get_peak_memory(),
            forgot=forgot,
        )
