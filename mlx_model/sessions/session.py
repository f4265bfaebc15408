"""One conversation: what the model has read of it, and the KV cache that holds it.

What was read is a row of marks, one for each position: the token's id, and for an image token what identifies its
picture and how it was cut, or its clip's frame. Ids alone are the same for every picture: a cache that compares those
answers about the wrong one. Knows neither words nor turns: whatever changed in a conversation, its longest common
beginning stays.
"""

import hashlib
from collections.abc import Sequence
from itertools import chain, repeat

from mlx_model.cache import KVCache
from mlx_model.media.images import Plan
from mlx_model.media.video import Clip, FramePlan
from mlx_model.prompting.prompt import Picture

Mark = int | str


class Session:
    """A KV cache with a mark for each position that it holds."""

    def __init__(self, cache: list[KVCache], marks: Sequence[Mark] = ()) -> None:
        self.cache = cache
        self._marks = list(marks)  # of what is in the cache, and perhaps of what was about to go there

    @property
    def length(self) -> int:
        """Positions in the cache."""
        return self.cache[0].offset

    @property
    def marks(self) -> list[Mark]:
        """What each position holds."""
        return self._marks[: self.length]

    @property
    def nbytes(self) -> int:
        return sum(layer.nbytes for layer in self.cache)

    def expect(self, marks: Sequence[Mark]) -> None:
        """Say what comes next into the cache, before it does. What does not come after all is forgotten."""
        self._marks = [*self.marks, *marks]

    def draw(self, token: int) -> None:
        """A token was drawn: it goes into the cache next, if anything does."""
        self._marks.append(token)

    def trim(self, length: int) -> None:
        """Keep the first `length` positions."""
        for layer in self.cache:
            layer.trim(layer.offset - length)

    def branch(self, length: int) -> "Session":
        """A session of the first `length` positions, which shares them until one of the two goes on."""
        return Session([layer.branch(length) for layer in self.cache], self._marks[:length])


def common_length(one: Sequence[Mark], other: Sequence[Mark]) -> int:
    """How many marks two rows have in common at their beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def marks_of(ids: Sequence[int], image_token_id: int | None, shown: Sequence[tuple[str, int]]) -> list[Mark]:
    """Token ids with a mark for each image token; `shown` is what `media_marks` gives, in image tokens."""
    of_image = chain.from_iterable(repeat(mark, count) for mark, count in shown)
    return [next(of_image) if token == image_token_id else token for token in ids]


def media_marks(medium: Picture | Clip, plan: Plan | FramePlan) -> list[tuple[str, int]]:
    """What tells what is seen from everything else that could be, each with the tiles that it stands for.

    A picture by its pixels and how they are cut; a clip frame by frame, so that two that begin alike share that much.
    """
    if isinstance(medium, Picture):
        return [(_mark(f"{medium.pixel_hash} {plan}"), plan.tiles)]
    assert isinstance(plan, FramePlan), "a clip's plan is one of frames"
    return [(_mark(medium.frame_identity(index)), 1) for index in plan.indices]


def _mark(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()
