"""Whether a frame is worth another caption: first by its pixels, which cost nothing, then by what the model sees.

The pixels are compared with the last frame that was looked at, the model's features with the last that was captioned,
so that a slow change adds up until it counts.
"""

import math
from collections.abc import Sequence

import numpy as np

NOISE = 16  # of 255: what a camera's noise and a lamp's flicker do to a cell stays below
MOVED_CELLS = 0.004  # of all: some 9 of 64 x 36
DEFAULT_THRESHOLD = 0.02
LARGEST_THRESHOLD = 0.2


class ChangeDetector:
    """`threshold` is a cosine distance, 0 for every frame."""

    def __init__(self, threshold: float = DEFAULT_THRESHOLD) -> None:
        self.threshold = threshold
        self._small: np.ndarray | None = None
        self._features: Sequence[float] | None = None

    def moved(self, small: np.ndarray) -> bool:
        """Whether the pixels differ enough from the last that were looked at; these are the last from now on if so."""
        if self.threshold > 0 and self._small is not None:
            differs = np.abs(small.astype(np.int16) - self._small) > NOISE
            if differs.mean() < MOVED_CELLS:
                return False
        self._small = small
        return True

    def changed(self, features: Sequence[float]) -> bool:
        """Whether the model sees something else than in the last captioned frame; this is the last if so."""
        if self._features is not None and cosine_distance(features, self._features) < self.threshold:
            return False
        self._features = features
        return True

    def forget_scene(self) -> None:
        """Whatever the model sees next is new."""
        self._features = None

    def forget(self) -> None:
        """The next frame counts as changed."""
        self._small = self._features = None


def cosine_distance(one: Sequence[float], other: Sequence[float]) -> float:
    """0 for the same direction, 1 for unrelated ones; 1 where the lengths differ, as those of two models do."""
    if len(one) != len(other):
        return 1.0
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return 1 - dot / max(math.hypot(*one) * math.hypot(*other), 1e-12)
