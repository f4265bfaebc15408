"""Times of a clip: the part that is asked about, and the times that an answer names. Knows neither clips nor Qt."""

import re
from dataclasses import dataclass, replace

from app.answers.clock import short_clock

SHORTEST = 0.1  # seconds that a part lasts at least

# "00:12", "1:02:03.5"; and "at 3 s", "from 3.5 seconds". "for 5 seconds" is how long, not when.
_CLOCK = r"(?<![\d:.])(?:(?P<hours>\d{1,2}):)?(?P<minutes>\d{1,2}):(?P<seconds>[0-5]\d(?:\.\d+)?)(?![\d:])"
_WORDS = (
    r"\b(?:at|around|about|after|before|by|near|from|to|until|till|between|and)\s+"
    r"(?:the\s+)?(?P<plain>\d+(?:\.\d+)?)[\s-]*(?:s|sec|secs|seconds?)\b"
)
_TIME = re.compile(f"{_CLOCK}|{_WORDS}", re.IGNORECASE)


@dataclass(frozen=True)
class Mention:
    """A time that a text names, in seconds, and where in the text."""

    start: int
    end: int
    seconds: float


def times_in(text: str, longest: float) -> list[Mention]:
    """The times up to `longest` seconds that the text names, in order."""
    found = (Mention(match.start(), match.end(), _seconds(match)) for match in _TIME.finditer(text))
    return [mention for mention in found if mention.seconds <= longest]


def _seconds(match: re.Match[str]) -> float:
    if match["plain"]:
        return float(match["plain"])
    return 3600 * int(match["hours"] or 0) + 60 * int(match["minutes"]) + float(match["seconds"])


def short_time(seconds: float) -> str:
    """0:05, 0:07.5, 1:02:10: as people write it, to a tenth of a second."""
    return short_clock(round(seconds, 1))


@dataclass(frozen=True)
class Span:
    """From `start` to `end` of a clip of `duration` seconds: never empty, never beyond it."""

    start: float
    end: float
    duration: float

    @property
    def is_whole(self) -> bool:
        return self.start <= 0 and self.end >= self.duration

    @property
    def words(self) -> str:
        """ "0:05 – 0:10 of 1:00", or the length of the whole."""
        if self.is_whole:
            return short_time(self.duration)
        return f"{short_time(self.start)} – {short_time(self.end)} of {short_time(self.duration)}"

    def starting(self, seconds: float) -> "Span":
        """The same beginning there, but before its end."""
        return replace(self, start=max(min(seconds, self.end - self._shortest), 0.0))

    def ending(self, seconds: float) -> "Span":
        """The same ending there, but after its start."""
        return replace(self, end=min(max(seconds, self.start + self._shortest), self.duration))

    @property
    def _shortest(self) -> float:
        return min(SHORTEST, self.duration)


def ticks(duration: float, most: int) -> list[float]:
    """At most `most` round times from 0 on, evenly apart, for the labels of a timeline."""
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
    step = next((step for step in steps if duration / step < most), duration / max(most - 1, 1))
    return [round(number * step, 3) for number in range(int(duration / step + 1e-9) + 1)][:most]
