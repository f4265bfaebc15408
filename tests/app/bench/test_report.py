"""Medians, ratios and tables from runs that a test wrote down."""

import pytest

from app.bench.measured import Measured
from app.bench.report import Ours, Theirs, ratios, record, tables
from mlx_model.measuring.counts import Counts, PictureCounts, TokenCounts
from mlx_model.measuring.launches import Launches

COUNTS = Counts(
    PictureCounts(13, 832, 874, vision_flops=2791 * 10**9, prefill_flops=212 * 10**9, kernels=1801, host_syncs=8),
    TokenCounts(875, 329_587_200, weight_bytes=538_000_000, kv_cache_bytes=40_300_000, kernels=300, host_syncs=1),
)
GB = 10**9


def run(first_token: float, rate: float, rss: int, vision: float | None = None) -> Measured:
    seconds = {"load": 1.0, "first_token": first_token, "decode": 31 / rate}
    return Measured(874, 32, seconds | ({} if vision is None else {"vision": vision}), rate, rss // 2, rss)


OUR_RUNS = [run(10, 20, GB, vision=7), run(30, 40, 3 * GB, vision=9), run(12, 22, GB, vision=8)]
OURS = Ours("high", COUNTS, OUR_RUNS)
THEIRS = Theirs("mlx-vlm 0.7.10", Launches(400, 1), [run(20, 10, 2 * GB), run(120, 10, 2 * GB), run(20, 10, GB)])


def test_a_figure_is_the_median_of_its_runs() -> None:
    found = record("256m", None, "noise", OURS, None)
    assert (found["seconds"]["first_token"], found["seconds"]["vision"], found["tokens_per_second"]) == (12, 8, 22)
    assert (found["peak_rss_bytes"], found["runs"], found["against"]) == (GB, 3, None)


def test_what_a_side_does_not_tell_is_null_and_an_empty_cell() -> None:
    against = record("256m", None, "noise", OURS, THEIRS)["against"]
    assert (against["seconds"]["vision"], against["seconds"]["first_token"]) == (None, 20)
    assert "| mlx-vlm 0.7.10 | 874 | 1.00 |  |  |  | 20.00 |" in tables([OURS], THEIRS)


def test_a_ratio_is_the_median_of_runs_side_by_side() -> None:
    assert ratios(OURS, THEIRS) == {
        "first_token": 0.5,  # of 0.5, 0.25 and 0.6
        "tokens_per_second": 2.2,
        "peak_memory_bytes": 1.0,
        "peak_rss_bytes": 1.0,
        "kernels_per_token": 0.75,
    }


def test_a_rate_that_was_not_to_be_had_leaves_its_ratio_open() -> None:
    short = Measured(874, 1, {"first_token": 20.0, "decode": 0.0}, None, 1, 1)
    assert ratios(OURS, Theirs("mlx-vlm", Launches(400, 1), [short] * 3))["tokens_per_second"] is None


def test_runs_that_are_not_in_pairs_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios(OURS, Theirs("mlx-vlm", Launches(400, 1), THEIRS.runs[:2]))


def test_the_tables_are_markdown_of_one_width_each() -> None:
    for table in tables([OURS, OURS], THEIRS).split("\n\n"):
        widths = {line.count("|") for line in table.splitlines()}
        assert len(widths) == 1
    assert "ratio" not in tables([OURS], None)
    assert "| `high` | 13 | 832 | 874 | 2,791 | 212 | 1,801 | 8 |" in tables([OURS], None)
    assert "| next token, `high` | 875 | 0.33 | 538.0 | 40.3 | 300 | 1 |" in tables([OURS], None)
    assert "| next token, mlx-vlm 0.7.10 |  |  |  |  | 400 | 1 |" in tables([OURS], THEIRS)
