"""A process's peak memory is its own."""

import numpy as np

from app.bench.measured import peak_rss
from app.own_process import in_own_process


def hold(megabytes: int) -> int:
    held = np.ones(megabytes * 1_000_000, np.uint8)
    assert held.all()
    return peak_rss()


def test_the_peak_is_in_bytes_and_counts_what_was_held() -> None:
    assert 200e6 < in_own_process("It", hold, 200) < 500e6


def test_what_the_parent_held_does_not_count() -> None:
    here = hold(400)
    assert here > 400e6
    assert in_own_process("It", hold, 1) < here - 200e6
