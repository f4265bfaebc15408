"""Ctrl-C and SIGTERM: stop after the step under way, keep what has been said, leave no traceback."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM came: like Ctrl-C, with an exit code of its own."""


def raise_terminated(number: int, frame: FrameType | None) -> None:
    raise Terminated


@contextmanager
def terminable() -> Iterator[None]:
    """Within, SIGTERM unwinds as Ctrl-C does, so that `finally` clauses run."""
    before = signal.signal(signal.SIGTERM, raise_terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def stoppable() -> Iterator[Event]:
    """Within, the first Ctrl-C or SIGTERM sets the event; a second one interrupts at once.

    Whoever holds the event ends by itself; on the way out the interruption is raised after all.
    """
    asked, kinds = Event(), {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}
    received: list[type[BaseException]] = []

    def ask(number: int, frame: FrameType | None) -> None:
        received.append(kinds[signal.Signals(number)])
        if asked.is_set():
            raise received[-1]
        asked.set()

    before = {number: signal.signal(number, ask) for number in kinds}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        raise received[0]
