"""Wall time of a request, stage by stage."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Runs from the request on; `already` is the seconds that went into it before, in opening what it shows."""

    def __init__(self, already: float = 0.0) -> None:
        self.started = time.perf_counter() - already
        self.seconds = {"preprocess": already, "vision": 0.0, "prefill": 0.0}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to a stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - begin
