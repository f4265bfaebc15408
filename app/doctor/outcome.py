"""What one check of the self-test found: plain values that cross processes."""

from dataclasses import dataclass
from typing import Literal

Times = tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class Found:
    """`said` is what the user reads behind the status. `times`: see `self_test.Outcome`."""

    status: Literal["pass", "fail", "skip"]
    said: str
    times: Times = ()


def passed(said: str, times: Times = ()) -> Found:
    return Found("pass", said, times)


def failed(said: str) -> Found:
    return Found("fail", said)


def skipped(said: str) -> Found:
    return Found("skip", said)
