"""Requests that are made when their turn is near: pictures are opened ahead, on threads of their own, a few at a time.

Knows neither files nor models. Pillow lets other threads run while it decodes, so several pictures open at once.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

from mlx_model.errors import without_values
from mlx_model.protocol import Done, Failed, ItemEvent, Opening
from mlx_model.request import Request

AHEAD = 4


@dataclass
class Opened:
    """A request that is ready to be asked, and the seconds that went into opening it.

    It can be taken once: nothing here keeps its pictures.
    """

    item: int
    seconds: float
    _request: list[Request] = field(repr=False)

    def take(self) -> Request:
        return self._request.pop()


def stream_opened(openings: Iterable[Opening]) -> Generator[Opened | ItemEvent, None, None]:
    """What comes of each opening, in their order, never more than AHEAD of them beyond the one in hand.

    One that raises becomes a `Failed`, one with nothing to ask a `Done`. Closing this waits for those under way.
    """
    with closing(_call_ahead(openings)) as outcomes:
        for item, outcome in enumerate(outcomes):
            try:
                request, seconds = outcome.result()
            except Exception as error:
                yield ItemEvent(item, Failed(without_values(error)))
                continue
            finally:
                del outcome
            if request is None:
                yield ItemEvent(item, Done())
                continue
            opened = Opened(item, seconds, [request])
            del request
            yield opened
            del opened


def _call_ahead(openings: Iterable[Opening]) -> Generator[Future[tuple[Request | None, float]], None, None]:
    under_way: deque[Future[tuple[Request | None, float]]] = deque()
    with ThreadPoolExecutor(AHEAD, "opening") as threads:
        for opening in openings:
            under_way.append(threads.submit(_timed, opening))
            if len(under_way) > AHEAD:
                yield under_way.popleft()
        while under_way:
            yield under_way.popleft()


def _timed(opening: Callable[[], Request | None]) -> tuple[Request | None, float]:
    begin = time.perf_counter()
    return opening(), time.perf_counter() - begin
