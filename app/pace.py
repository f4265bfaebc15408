"""How long the next look will take, from how long the last ones took. Knows one model at a time."""

from collections import deque
from statistics import median
from typing import Any

REMEMBERED = 8


class Pace:
    """Seconds for each tile and each prompt token, of this session's answers; nothing is known before the first."""

    def __init__(self) -> None:
        self._per_tile: deque[float] = deque(maxlen=REMEMBERED)
        self._per_token: deque[float] = deque(maxlen=REMEMBERED)

    def learn(self, record: dict[str, Any]) -> None:
        """From an answer's record (see `app.answers.records`). What was known from before says nothing of the pace."""
        seconds = record.get("seconds") or {}
        fresh = (record.get("prompt_tokens") or 0) - (record.get("cached_tokens") or 0)
        if record.get("tiles") and seconds.get("vision") and not record.get("cached_tokens"):
            self._per_tile.append(seconds["vision"] / record["tiles"])
        if fresh > 0 and seconds.get("prefill"):
            self._per_token.append(seconds["prefill"] / fresh)

    def predict(self, tiles: int, tokens: int) -> float | None:
        """Seconds to the first word about so much that is new; None where nothing is known yet."""
        if not self._per_tile or not self._per_token:
            return None
        return median(self._per_tile) * tiles + median(self._per_token) * tokens
