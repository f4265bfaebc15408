"""Questions to a small checkpoint, and all that comes of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pytest
from PIL import Image

from mlx_model.answering import answer, generate
from mlx_model.answering.answer import stream_answer
from mlx_model.answering.generate import Token
from mlx_model.events import Answer, Answered, Event
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.prompting.prompt import Message, Part, Picture
from mlx_model.request import Request

E = TypeVar("E", bound=Event)


def noise(width: int = 256, height: int = 128, seed: int = 0) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(Image.fromarray(pixels))


def white(width: int = 256, height: int = 256) -> Picture:
    return Picture(Image.new("RGB", (width, height), "white"))


def ask(*parts: Part, **options: Any) -> Request:
    options.setdefault("max_tokens", 12)
    return Request((Message("user", parts),), **options)


@dataclass
class Heard:
    """Everything that came of a request."""

    events: list[Event] = field(default_factory=list)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def answer(self) -> Answer:
        (answered,) = self.of(Answered)
        assert answered is self.events[-1]
        return answered.answer


def listen(checkpoint: Checkpoint, request: Request, **options: Any) -> Heard:
    return Heard(list(stream_answer(checkpoint, request, **options)))


class Spoken:
    """Watches which tokens are drawn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tokens: list[Token] = []
        self._stream = generate.stream_tokens
        monkeypatch.setattr(answer, "stream_tokens", self._watch)

    def _watch(self, *args: Any) -> Iterator[Token]:
        self.tokens.clear()
        for token in self._stream(*args):
            self.tokens.append(token)
            yield token

    @property
    def ids(self) -> list[int]:
        return [token.id for token in self.tokens]


def say(monkeypatch: pytest.MonkeyPatch, ids: list[int]) -> None:
    """Let the model draw these tokens."""

    def scripted(model: object, logits: object, cache: object, sampler: object, max_tokens: int) -> Iterator[Token]:
        yield from (Token(token, -0.5) for token in ids[:max_tokens])

    monkeypatch.setattr(answer, "stream_tokens", scripted)


def count_calls(monkeypatch: pytest.MonkeyPatch, target: object, name: str) -> list[Any]:
    """Calls of a function, each by its first argument, as they come."""
    calls: list[Any] = []
    original: Callable[..., Any] = getattr(target, name)

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(args[0])
        return original(*args, **kwargs)

    monkeypatch.setattr(target, name, counted)
    return calls
