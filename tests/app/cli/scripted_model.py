"""A model that says what a test wrote down: stands in for loading and answering, so that the command line can be
tested in milliseconds and in situations that a real model does not produce on demand."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event
from types import SimpleNamespace
from typing import Any

from mlx_model.config import ImageConfig
from mlx_model.events import Answer, Answered, Planned, Prefilled, Seconds, TextDelta, TilesEncoded
from mlx_model.media.images import Plan
from mlx_model.media.video import Clip, FramePlan

TIMEOUT = 10.0
PLAN = Plan(first_width=1024, first_height=512, width=1024, height=512, rows=1, cols=2)
FRAMES = FramePlan(indices=(0, 30), seconds=(0.0, 2.0), duration=4.0, start=0.5, end=3.75)
IMAGE_CONFIG = ImageConfig(tile=64, longest_edge=256, mean=(0.5,) * 3, std=(0.5,) * 3)
ANSWER = Answer(
    text="A red boat.",
    finish_reason="stop",
    confidence=None,
    plans=(),
    image_tokens=0,
    prompt_tokens=20,
    cached_tokens=0,
    generated_tokens=4,
    seconds=Seconds(first_token=0.25, decode=0.5),
    tokens_per_second=6.0,
    peak_memory_bytes=1_000_000,
)


@dataclass
class ScriptedModel:
    """`pieces` are the answer's text as it comes; an exception among them is raised there.

    What can be called among them is, and then waits to be cancelled: it stands for a signal. `errors` are raised in
    place of an answer, by the number of the request; `first_events` come before all others.
    """

    pieces: list[str | BaseException | Any] = field(default_factory=lambda: ["A red", " boat."])
    answer: Answer = ANSWER
    load_error: Exception | None = None
    first_events: list[Any] = field(default_factory=list)
    errors: dict[int, Exception] = field(default_factory=dict)
    image_config: ImageConfig | None = IMAGE_CONFIG
    loads: int = 0
    requests: list[Any] = field(default_factory=list)

    def load(self, folder: object, *, cancelled: Event) -> Any:
        self.loads += 1
        if self.load_error:
            raise self.load_error
        return SimpleNamespace(
            config=SimpleNamespace(text=SimpleNamespace(max_position_embeddings=8192)),
            image_config=self.image_config,
            model=SimpleNamespace(language_model=SimpleNamespace(new_cache=list)),
        )

    def stream_answer(self, checkpoint: object, request: Any, cancelled: Event, **options: Any) -> Iterator[Any]:
        self.requests.append(request)
        if error := self.errors.get(len(self.requests) - 1):
            raise error
        yield from self.first_events
        plans = tuple(FRAMES if isinstance(medium, Clip) else PLAN for medium in request.media)
        tiles = sum(plan.tiles for plan in plans)
        yield Planned(plans, 16 * tiles, 20)
        yield TilesEncoded(tiles, tiles)
        yield Prefilled(20, 20)
        text = ""
        for piece in self.pieces:
            if isinstance(piece, BaseException):
                raise piece
            if callable(piece):
                piece()
                # A signal reaches the main thread, which says so in its own time.
                cancelled.wait(TIMEOUT)
            else:
                text += piece
                yield TextDelta(piece)
            if cancelled.is_set():
                yield Answered(replace(self.answer, text=text, plans=plans, finish_reason="cancelled"))
                return
        yield Answered(replace(self.answer, text=text, plans=plans, image_tokens=16 * tiles))
