"""Making the next item while the present one is used: decoding frame n + 1 while frame n is encoded."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

T = TypeVar("T")


def read_ahead(items: Generator[T, None, None]) -> Generator[T, None, None]:
    """The same items, each made in a thread of its own while the one before is used; never more than one ahead.

    What `items` raises is raised here, in its turn. Closing this waits for the item under way and closes `items`.
    """
    end = object()
    with closing(items), ThreadPoolExecutor(1, "read-ahead") as thread:
        upcoming = thread.submit(next, items, end)
        while (item := upcoming.result()) is not end:
            upcoming = thread.submit(next, items, end)
            yield item  # type: ignore[misc]
