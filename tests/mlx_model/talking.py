"""A conversation with a small checkpoint: whole each time, as the faces send it, and the same without any cache."""

from dataclasses import dataclass, field
from typing import Any

from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.prompting.prompt import Message, Part, Text
from mlx_model.request import Request
from mlx_model.sessions.kept_sessions import Sessions
from tests.mlx_model.asking import Heard, listen


def sessions(checkpoint: Checkpoint, max_bytes: int = 2**30) -> Sessions:
    return Sessions(checkpoint.model.language_model.new_cache, max_bytes)


@dataclass
class Talk:
    """`messages` may be changed at will between two questions. `options` are the requests'."""

    checkpoint: Checkpoint
    kept: Sessions
    name: str = "talk"
    messages: list[Message] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=lambda: {"max_tokens": 8, "detail": "low"})

    def say(self, *parts: Part) -> Heard:
        """Ask the next question; it and its answer are part of the conversation from then on."""
        self.messages.append(Message("user", parts))
        heard = self.answer()
        self.messages.append(Message("assistant", (Text(heard.answer.text),)))
        return heard

    def answer(self, **options: Any) -> Heard:
        """Answer the conversation as it stands."""
        return listen(self.checkpoint, self.request, kept=self.kept, conversation=self.name, **options)

    def afresh(self) -> Heard:
        """The same without anything that was kept."""
        return listen(self.checkpoint, self.request)

    @property
    def request(self) -> Request:
        return Request(tuple(self.messages), **self.options)
