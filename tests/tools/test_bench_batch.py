"""The table of answers together: what its figures are of each other."""

import pytest

from mlx_model.loading.checkpoint import Checkpoint
from tests.mlx_model.conftest import reading  # noqa: F401 (a small checkpoint)
from tools.bench.batch import Run, _measure, _words, table


def test_ratios_are_those_of_runs_that_took_turns() -> None:
    decoding = {1: [Run(10, 1, 0), Run(1, 1, 0), Run(20, 1, 0)], 8: [Run(40, 1, 0), Run(4, 1, 0), Run(60, 1, 0)]}
    whole = {1: Run(0, 2, 1_000_000_000), 8: Run(0, 8, 2_500_000_000)}
    *_, one, eight = table(decoding, whole).splitlines()
    assert one == "| 1 | 10.0 | 1.00 | 0.500 | 1.00 | 1.00 |"
    assert eight == "| 8 | 40.0 | 4.00 | 1.000 | 2.00 | 2.50 |"
    assert table(decoding, {}).splitlines()[-1] == "| 8 | 40.0 | 4.00 |  |  |  |"


@pytest.mark.parametrize("size", [1, 3])
def test_the_rate_counts_every_answers_tokens(reading: Checkpoint, size: int) -> None:  # noqa: F811
    from dataclasses import replace

    run = _measure(replace(reading, stop_ids=frozenset()), [_words(20, number) for number in range(size)])
    assert run.tokens_per_second * run.seconds > size * 10
