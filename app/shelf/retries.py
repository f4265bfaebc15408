"""Trying again after what may pass: a lost connection, a busy hub. Waits longer each time, or as long as it is told.

Knows no files. Whoever waits can be stopped: `look` is called meanwhile, and what it raises ends the wait.
https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from app.shelf.hub_errors import status_of

log = logging.getLogger(__name__)

FAILURES = 5  # in a row; the last one is raised
FIRST_WAIT = 1.0  # seconds; doubled each time
LONGEST_WAIT = 120.0  # seconds: whoever is told to wait longer gives up and says so
GLANCE = 0.2  # seconds between two calls of `look`
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})

T = TypeVar("T")


class Retries:
    """Failures in a row of one piece of work."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look, self._failures = look, 0

    def forget(self) -> None:
        """Something went well: the next failure is a first one."""
        self._failures = 0

    def wait_after(self, error: Exception) -> None:
        """Wait before the next try. Raises the error where no other try would help."""
        self._failures += 1
        wait = max(FIRST_WAIT * 2 ** (self._failures - 1), _asked_wait(error))
        if self._failures >= FAILURES or wait > LONGEST_WAIT or not _may_pass(error):
            raise error
        log.info("Trying again in %.0f s: %s", wait, error)
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            self._look()
            time.sleep(min(left, GLANCE))


def retried(work: Callable[[], T], look: Callable[[], None] = lambda: None) -> T:
    """`work()`, again as long as its failures may pass."""
    from huggingface_hub.errors import HTTPError

    retries = Retries(look)
    while True:
        try:
            return work()
        except (HTTPError, ConnectionError, TimeoutError) as error:
            retries.wait_after(error)


def _may_pass(error: Exception) -> bool:
    """An answer by its status; without an answer it was the connection."""
    from huggingface_hub.errors import HTTPError

    status = status_of(error)
    if status is not None:
        return status in PASSING
    return isinstance(error, HTTPError | ConnectionError | TimeoutError)


def _asked_wait(error: Exception) -> float:
    """Seconds of the answer's Retry-After, a number or a date; 0 without one."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    value = headers.get("retry-after", "")
    if value.strip().isdigit():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return 0.0
