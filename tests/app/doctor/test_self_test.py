"""The self-test on this machine: what applies passes, what only a Mac has is skipped, and a crash is a line."""

import os
from pathlib import Path

import numpy as np
import pytest

import assets
from app.doctor import mac_checks, model_checks, self_test
from app.doctor.model_checks import expected, samples, weights_digest
from app.doctor.outcome import Found, passed
from app.doctor.self_test import CHECKS, run_checks
from mlx_model.errors import InputError

ON_A_MAC = ("bfloat16", "memory limit", "HEIC picture", "camera", "screen capture")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(os.uname().sysname == "Darwin", reason="a Mac skips nothing")
def test_everything_that_applies_here_passes_and_the_rest_is_skipped() -> None:
    outcomes = {outcome.name: outcome for outcome in run_checks()}
    failed = {name: outcome.said for name, outcome in outcomes.items() if outcome.status == "fail"}
    assert not failed
    assert {name for name, outcome in outcomes.items() if outcome.status == "skip"} == {"metal", *ON_A_MAC}
    assert [row[0] for outcome in outcomes.values() for row in outcome.times] == ["float32", "4 bits"]


def test_what_is_stored_is_of_the_checkpoint_that_ships() -> None:
    stored, logits = expected()
    assert stored["weights"] == weights_digest(assets.path("embedded")), "run `python -m tools.self_test_expectations`"
    for kind in ("float32", "4 bits"):
        assert list(stored["answers"][kind]) == [picture.name for picture in samples()]
        assert logits[kind].shape == (len(samples()), 1216) and np.isfinite(logits[kind]).all()
    assert not np.allclose(logits["float32"], logits["4 bits"], rtol=0.01), "four bits make a difference"


def test_logits_that_are_off_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    stored, logits = expected()
    off = {**logits, "float32": logits["float32"] * np.float32(1.01)}
    monkeypatch.setattr(model_checks, "expected", lambda: (stored, off))
    found = model_checks.float32(None)
    assert found.status == "fail" and "5 of 5 answers the same; 1e-03" in found.said


def test_answers_of_another_checkpoint_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_checks, "weights_digest", lambda folder: "another")
    assert "install Smolsight again" in model_checks.float32(None).said


def crash(_: None) -> Found:
    os.abort()


def refuse(_: None) -> Found:
    raise InputError("This cannot be read.")


def fine(_: None) -> Found:
    return passed("well")


def test_a_check_that_crashes_or_raises_fails_and_the_next_one_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_test, "CHECKS", {"crash": crash, "refuse": refuse, "fine": fine})
    told: list[str] = []
    outcomes = list(run_checks(told.append))
    assert [outcome.status for outcome in outcomes] == ["fail", "fail", "pass"]
    assert "exit code -6" in outcomes[0].said and outcomes[1].said == "This cannot be read."
    assert told == ["crash", "refuse", "fine"]


@pytest.mark.parametrize(("state", "status"), [(0, "pass"), (1, "fail"), (2, "fail"), (3, "pass")])
def test_a_camera_that_is_denied_fails_with_the_place_to_allow_it(
    monkeypatch: pytest.MonkeyPatch, state: int, status: str
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(mac_checks, "_camera_state", lambda: state)
    found = mac_checks.camera(None)
    assert found.status == status
    assert ("System Settings" in found.said) == (status == "fail")


def test_every_check_has_its_line_in_the_page_about_macs(root: Path) -> None:
    page = (root / "docs" / "on-a-mac.md").read_text(encoding="utf-8")
    assert [name for name in CHECKS if f"`{name}`" not in page] == []
