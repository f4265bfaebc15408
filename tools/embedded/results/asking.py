"""Puts an exhibit's conversations to a checkpoint as the product would, many questions at a time.

Knows prompts as messages, pictures and clips; does not know what is right.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mlx_model.answering.batch import stream_batch
from mlx_model.events import Answered
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.media.images import Detail
from mlx_model.media.video import Clip
from mlx_model.openings import Opened
from mlx_model.prompting.prompt import Message, Part, Picture, Text
from mlx_model.protocol import Failed
from mlx_model.request import Request
from tools.embedded.world.exhibits import Exhibit
from tools.embedded.world.questions import Question

TOGETHER = 16
MAX_TOKENS = 80


@dataclass(frozen=True)
class Asked:
    """A question with what came before it, to be answered and judged."""

    exhibit: Exhibit
    question: Question
    turn: int
    request: Request


def about_picture(picture: Image.Image, question: Question) -> Asked:
    """A question about a picture of which nothing is known."""
    request = Request((Message("user", (Picture(picture), Text(question.text))),), "auto", max_tokens=MAX_TOKENS)
    return Asked(Exhibit((), ()), question, 0, request)


def questions_of(exhibit: Exhibit, detail: Detail) -> Iterator[Asked]:
    """Every turn of every conversation, the turns before it answered rightly."""
    media: list[Part] = [Picture(view.picture) for view in exhibit.views]
    if exhibit.seconds:
        media = [as_clip(exhibit)]
    for turns in exhibit.conversations:
        messages: tuple[Message, ...] = ()
        for turn, question in enumerate(turns):
            shown = media if turn == 0 else []
            messages = (*messages, Message("user", (*shown, Text(question.text))))
            yield Asked(exhibit, question, turn, Request(messages, detail, max_tokens=MAX_TOKENS))
            messages = (*messages, Message("assistant", (Text(question.answer),)))


def as_clip(exhibit: Exhibit) -> Clip:
    """The frames as the product holds a window of a clip: each one tile already, with its time."""
    tiles = tuple(np.asarray(view.picture) for view in exhibit.views)
    return Clip(Path("clip.mp4"), "clip", exhibit.seconds, 1.0, tiles=tiles)


def answer(checkpoint: Checkpoint, asked: Iterable[Asked]) -> Iterator[tuple[Asked, str]]:
    """The product's greedy answers, several questions at a time."""
    waiting: dict[int, Asked] = {}

    def opened() -> Iterator[Opened]:
        for item, one in enumerate(asked):
            waiting[item] = one
            yield Opened(item, 0.0, [one.request])

    for event in stream_batch(checkpoint, opened(), TOGETHER, threading.Event()):
        if isinstance(event.event, Failed):
            raise event.event.error
        if isinstance(event.event, Answered):
            yield waiting.pop(event.item), event.event.answer.text.strip()
