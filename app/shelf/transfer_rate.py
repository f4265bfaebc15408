"""How far work on bytes is, how fast it goes and how long it will take, from the bytes done so far. Knows no clock."""

from collections import deque

from app.sizes import in_words

SPAN = 5.0  # seconds that the rate is a mean of


class TransferRate:
    """Told `(bytes done, bytes in all, seconds)` as they come.

    `at_first` says what happens before there are any, `at_last` what comes when all are done.
    """

    def __init__(self, at_first: str = "Asking the hub…", at_last: str = "") -> None:
        self._at_first, self._at_last = at_first, at_last
        self._seen: deque[tuple[float, int]] = deque()

    def words(self, done: int, total: int, now: float) -> str:
        """ "12.0 MB of 1.01 GB · 8.2 MB/s · 2 min left"."""
        if not total:
            return self._at_first
        if done >= total and self._at_last:
            return self._at_last
        self._seen.append((now, done))
        while now - self._seen[0][0] > SPAN and len(self._seen) > 2:
            self._seen.popleft()
        begin, before = self._seen[0]
        said = f"{in_words(done)} of {in_words(total)}"
        if now - begin < 0.5 or done <= before:
            return said
        rate = (done - before) / (now - begin)
        return f"{said} · {in_words(round(rate))}/s · {_time((total - done) / rate)} left"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
