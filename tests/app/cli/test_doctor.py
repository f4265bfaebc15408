"""`smolsight doctor` with a made-up machine: tables, JSON, exit codes."""

from collections.abc import Callable, Iterator

import pytest

from app.doctor import measurement, self_test
from app.doctor.self_test import Outcome
from tests.app.cli.conftest import Run, objects
from tests.app.doctor.measurements import machine


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each call wanted to measure again."""
    calls: list[bool] = []

    def measured(again: bool, tell: Callable[[str, int, int], None]) -> measurement.Measurement:
        calls.append(again)
        return machine()

    monkeypatch.setattr(measurement, "measured", measured)
    monkeypatch.setattr("app.machine.free_memory", lambda: 32 * 10**9)
    return calls


def test_the_tables_say_what_the_machine_is_and_what_suits_it(run: Run, asked: list[bool]) -> None:
    result = run("doctor")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "bandwidth 100.0 GB/s, reading weights" in lines
    assert "speed 8.00 tiles/s, 246.8 tokens/s with the 256M" in lines
    assert [line.split()[:2] for line in lines if line[:4] in ("256m", "500m", "2.2b")][:3] == [
        ["256m", "16"],
        ["500m", "16"],
        ["2.2b", "16"],
    ]
    assert lines[-1] == "2.2b at 16 bits suits this machine: smolsight models get 2.2b"


def test_again_is_passed_on(run: Run, asked: list[bool]) -> None:
    run("doctor")
    run("doctor", "--again")
    assert asked == [False, True]


def test_json_has_the_figures_without_rounding(run: Run, asked: list[bool]) -> None:
    (record,) = objects(run("doctor", "--json").stdout)
    assert record["advice"] == {"model": "2.2b", "bits": 16, "fits": True, "command": "smolsight models get 2.2b"}
    assert record["tiles_per_second"] == pytest.approx(8) and record["free_memory_bytes"] == 32 * 10**9
    first = record["predictions"][0]
    assert (first["model"], first["bits"]) == ("256m", 16)
    assert first["picture"]["first_token"] < first["picture_at_high"]["first_token"] < first["clip"]["first_token"]


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    found = [Outcome("metal", "skip", "no Mac"), Outcome("float32", "pass", "well", (("float32", "1 s", "2 s", "3"),))]

    def run_checks(tell: Callable[[str], None]) -> Iterator[Outcome]:
        yield from found

    monkeypatch.setattr(self_test, "run_checks", run_checks)
    return found


def test_the_self_test_is_a_line_a_check_and_a_table_of_times(run: Run, outcomes: list[Outcome]) -> None:
    result = run("doctor", "--self-test")
    assert result.exit_code == 0
    assert [" ".join(line.split()) for line in result.stdout.splitlines()] == [
        "skip metal no Mac",
        "pass float32 well",
        "",
        "LOAD FIRST WORD TOKENS/S",
        "float32 1 s 2 s 3",
    ]


def test_a_check_that_fails_makes_the_exit_code_1(run: Run, outcomes: list[Outcome]) -> None:
    outcomes.append(Outcome("camera", "fail", "denied"))
    result = run("doctor", "--self-test", "--json")
    assert result.exit_code == 1
    assert [record["status"] for record in objects(result.stdout)] == ["skip", "pass", "fail"]
