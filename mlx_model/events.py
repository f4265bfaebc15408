"""What happens while a question is answered, as small dataclasses in the order in which they come.

    Forgot, Planned, TilesEncoded..., Prefilled..., TextDelta..., Answered

Plain Python values alone: these cross threads and processes.
"""

from dataclasses import dataclass
from typing import Literal

from mlx_model.media.images import Plan
from mlx_model.media.video import FramePlan

FinishReason = Literal["stop", "length", "repetition", "cancelled"]


@dataclass(frozen=True)
class Forgot:
    """What of a conversation was left out, since the model's context holds no more: the oldest goes first.

    `media` counts its pictures and clips, `messages` those that went as a whole. The last question is never touched.
    """

    media: int
    messages: int


@dataclass(frozen=True)
class Planned:
    """The work ahead, known before it starts: one plan a picture or clip, the prompt's length in tokens.

    Plans are of what is seen, so of nothing that was left out.
    """

    plans: tuple[Plan | FramePlan, ...]
    image_tokens: int
    prompt_tokens: int


@dataclass(frozen=True)
class TilesEncoded:
    """`done` of `total` tiles have become image tokens; a clip's frame is a tile. What was read before is left out."""

    done: int
    total: int


@dataclass(frozen=True)
class Prefilled:
    """`done` of `total` prompt tokens are in the KV cache."""

    done: int
    total: int


@dataclass(frozen=True)
class TextDelta:
    """The next piece of the answer, whole characters only."""

    text: str


@dataclass(frozen=True)
class Confidence:
    """Probability of the answer's tokens under the model, 0 to 1."""

    mean: float
    lowest: float


@dataclass(frozen=True)
class Seconds:
    """Wall time of each stage; `first_token` runs from the request to the first token, `decode` on to the last."""

    preprocess: float = 0.0
    vision: float = 0.0
    prefill: float = 0.0
    first_token: float | None = None
    decode: float | None = None


@dataclass(frozen=True)
class Answer:
    """The whole answer and what it took. `generated_tokens` leaves out the stop token.

    `cached_tokens` of the `prompt_tokens` had been read before. `forgot` is what the context had no room for, if any.
    """

    text: str
    finish_reason: FinishReason
    confidence: Confidence | None
    plans: tuple[Plan | FramePlan, ...]
    image_tokens: int
    prompt_tokens: int
    cached_tokens: int
    generated_tokens: int
    seconds: Seconds
    tokens_per_second: float | None
    peak_memory_bytes: int
    forgot: Forgot | None = None


@dataclass(frozen=True)
class Answered:
    """The last event of every request that did not fail."""

    answer: Answer


Event = Forgot | Planned | TilesEncoded | Prefilled | TextDelta | Answered
