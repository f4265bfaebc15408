"""How fast many pictures are described, and how long the rest will take, in words. Knows no clock."""


def pace_words(done: int, seconds: float, left: int) -> str:
    """ "4.1 a second, 3 min left", or "12.0 a minute, ..."; nothing before the first is done."""
    if not done or not seconds:
        return ""
    rate = done / seconds
    speed = f"{rate:.1f} a second" if rate >= 1 else f"{60 * rate:.1f} a minute"
    return f"{speed}, {_duration(left / rate)} left"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{max(round(seconds), 1)} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
