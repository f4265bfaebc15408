"""What the log says is what is drawn."""

from pathlib import Path

import pytest

from tools.embedded.results.curves import curves, draw, parts, stage_changes

LOG = [
    {
        "minutes": float(number),
        "stage": "encoder" if number < 3 else "pictures",
        "loss": {"cells": 2.0 - 0.1 * number} | ({"answers/one": 1.0} if number >= 3 else {}),
        "right": {"letters on scenes": [0.5, 10]}
        if number < 3
        else {"letters on one": [0.8, 30], "read/one": [0.25, 4]},
    }
    for number in range(6)
]


def test_a_point_is_a_mean_weighed_by_what_it_is_of() -> None:
    (curve,) = curves(LOG, {"letters": ("letters on scenes", "letters on one"), "absent": ("x",)}, points=1)
    assert curve.name == "letters" and curve.minutes == (5.0,)
    assert curve.values[0] == pytest.approx((3 * 10 * 0.5 + 3 * 30 * 0.8) / 120)


def test_what_begins_late_has_no_points_before() -> None:
    (curve,) = curves(LOG, {"text": ("read/one",)}, points=6)
    assert curve.minutes == (3.0, 4.0, 5.0)


def test_no_line_of_the_log_is_left_out() -> None:
    for points in (1, 2, 4, 40):
        assert [line for part in parts(LOG, points) for line in part] == LOG
    assert stage_changes(LOG) == [(0.0, "encoder"), (3.0, "pictures")]


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw(LOG, tmp_path / "run.svg")
    draw(LOG, tmp_path / "run.png")
    assert "<svg" in (tmp_path / "run.svg").read_text() and (tmp_path / "run.png").stat().st_size > 5000
