"""When a run is how far, and how high its learning rates stand then. Knows clocks and numbers, nothing that is learned.

A run has either a budget of processor time, which a pause or a busy machine does not use up, or an hour of the day at
which it ends, whatever it has learned by then. Both end with rates of zero, where the loss comes to rest.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ramp:
    """A factor on the rates: up to `peak` over `rise` steps, then down to zero as (1 - progress) ** power."""

    peak: float
    rise: int
    power: float

    def factor(self, progress: float, step: int) -> float:
        """`progress` runs from 0 to 1, `step` counts from 1 since the optimizer's state was empty."""
        return self.peak * min(1.0, step / self.rise) * max(0.0, 1 - progress) ** self.power


FRESH = Ramp(1.0, 100, 1.5)
WARM = Ramp(0.3, 40, 1.5)  # learned weights have a minimum to lose: a short rise, a low peak


@dataclass(frozen=True)
class Budget:
    """So many seconds of one worker's processor time."""

    seconds: float

    def progress(self, used: float, now: float) -> float:
        return min(1.0, used / self.seconds)


@dataclass(frozen=True)
class Deadline:
    """From one moment to another, in seconds since 1970; `used` processor time does not count."""

    began: float
    end: float

    def progress(self, used: float, now: float) -> float:
        return min(1.0, max(0.0, (now - self.began) / (self.end - self.began)))


def seconds_until(clock: str, now: float, utc_midnight: float) -> float:
    """Seconds from `now` to the next time that a clock in UTC shows `clock` ("20:05")."""
    hours, minutes = (int(part) for part in clock.split(":"))
    return (utc_midnight + 3600 * hours + 60 * minutes - now) % 86400
