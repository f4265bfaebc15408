"""Measured once, kept, and measured anew when the machine or the program is another."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.doctor import measurement
from app.doctor.measurement import cache_file, measured
from tests.app.doctor.measurements import machine


@pytest.fixture
def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Each time that something was measured; the file is the test's."""
    times: list[int] = []

    def measure(tell: Callable[[str, int, int], None]) -> measurement.Measurement:
        times.append(1)
        return machine(slowness=len(times))

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(measurement, "_measure", measure)
    return times


def test_a_second_call_measures_nothing_and_says_the_same(taken: list[int]) -> None:
    assert measured() == measured() == machine()
    assert len(taken) == 1


def test_again_measures_and_keeps_the_new_figures(taken: list[int]) -> None:
    measured()
    assert measured(again=True) == measured() == machine(slowness=2)
    assert len(taken) == 2


def test_another_machine_or_program_measures_anew(taken: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    measured()
    monkeypatch.setattr(measurement, "processor", lambda: "Apple M9")
    measured()
    assert len(taken) == 2


@pytest.mark.parametrize("written", ["", "{", "[]", "{}", '{"machine": 1, "measured": {}}'])
def test_a_broken_file_is_measured_over(taken: list[int], written: str) -> None:
    measured()
    cache_file().write_text(written)
    measured()
    assert measured() == machine(slowness=2)


def test_a_place_that_cannot_be_written_is_no_failure(taken: list[int]) -> None:
    cache_file().parent.parent.mkdir(parents=True, exist_ok=True)
    cache_file().parent.write_text("a file")
    assert measured() == machine()
    measured()
    assert len(taken) == 2
