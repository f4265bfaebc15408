"""A question with its pictures, and everything that shapes the answer.

Knows no MLX: whoever asks can say what it wants before the model's libraries are there.
"""

from dataclasses import dataclass, field

from mlx_model.media.images import Detail
from mlx_model.media.video import Clip
from mlx_model.prompting.prompt import Message, Part, Picture


@dataclass(frozen=True)
class Sampling:
    """Temperature 0 is greedy. `top_p` and `min_p` drop unlikely tokens before the draw; `seed` None is the clock."""

    temperature: float = 0.0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None


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
