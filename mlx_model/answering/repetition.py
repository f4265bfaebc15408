"""Noticing that an answer goes round in a circle, the commonest failure of small captioners.

Works on token ids alone. A loop is a period that has come round so often that no list, table or chorus explains it.
"""

from collections import deque

FIRST_LOOK = 64
LONGEST_PERIOD = 128
FEWEST_ROUNDS = 4
SHORTEST_LOOP = 48


class RepetitionGuard:
    """Fed every token of an answer; says when its tail is a loop. Never before `FIRST_LOOK` tokens."""

    def __init__(self) -> None:
        self._count = 0
        self._recent: deque[int] = deque(maxlen=LONGEST_PERIOD)
        # For each period p: how many tokens in a row have equalled the one p places before.
        self._runs = [0] * (LONGEST_PERIOD + 1)

    def is_loop(self, token: int) -> bool:
        """Take the next token; True if the last ones are one period, `FEWEST_ROUNDS` times or more."""
        for period, earlier in enumerate(reversed(self._recent), start=1):
            self._runs[period] = self._runs[period] + 1 if earlier == token else 0
        self._recent.append(token)
        self._count += 1
        return self._count >= FIRST_LOOK and any(
            run + period >= max(FEWEST_ROUNDS * period, SHORTEST_LOOP)
            for period, run in enumerate(self._runs)
            if period
        )
