"""A loop is ended soon, and nothing else is."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlx_model.answering.repetition import FEWEST_ROUNDS, FIRST_LOOK, LONGEST_PERIOD, SHORTEST_LOOP, RepetitionGuard

NEWLINE, BAR, DASH = 1, 2, 3


def first_alarm(tokens: Sequence[int]) -> int | None:
    """The number of tokens after which the guard speaks; None if it never does."""
    guard = RepetitionGuard()
    return next((count for count, token in enumerate(tokens, start=1) if guard.is_loop(token)), None)


def random_tokens(count: int, seed: int = 0, vocabulary: int = 40_000) -> list[int]:
    return np.random.default_rng(seed).integers(100, vocabulary, count).tolist()


@pytest.mark.parametrize("period", range(1, 101))
def test_a_loop_is_ended_after_a_few_rounds(period: int) -> None:
    """Whatever came before it, and not before it has gone round four times or filled 48 tokens."""
    opening, round_ = random_tokens(70, seed=period), random_tokens(period, seed=1000 + period)
    alarm = first_alarm(opening + round_ * 60)
    assert alarm == len(opening) + max(FEWEST_ROUNDS * period, SHORTEST_LOOP)


@pytest.mark.parametrize("period", range(1, 101))
def test_a_loop_from_the_first_token_is_ended(period: int) -> None:
    assert first_alarm(random_tokens(period) * 80) == max(FEWEST_ROUNDS * period, FIRST_LOOK)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), max_size=FIRST_LOOK - 1))
def test_nothing_is_ended_before_64_tokens(tokens: list[int]) -> None:
    assert first_alarm(tokens) is None


def test_one_token_over_and_over_is_left_alone_for_63_tokens() -> None:
    assert first_alarm([5] * 63) is None
    assert first_alarm([5] * 64) == 64


@settings(deadline=None, max_examples=150)
@given(st.lists(st.integers(0, 1), max_size=40), st.lists(st.integers(0, 2), min_size=1, max_size=30), st.data())
def test_the_guard_speaks_exactly_where_the_tail_goes_round(
    opening: list[int], round_: list[int], data: st.DataObject
) -> None:
    """Against the definition, spelt out: some period fits all of the last max(4 rounds, 48) tokens."""
    spoilt = data.draw(st.lists(st.integers(0, 250), max_size=3))
    tokens = (opening + round_ * (250 // len(round_)))[:250]
    for place in spoilt:
        if place < len(tokens):
            tokens[place] += 1
    guard = RepetitionGuard()
    for count, token in enumerate(tokens, start=1):
        expected = count >= FIRST_LOOK and any(goes_round(tokens[:count], p) for p in range(1, LONGEST_PERIOD + 1))
        assert guard.is_loop(token) == expected


def goes_round(tokens: list[int], period: int) -> bool:
    length = max(FEWEST_ROUNDS * period, SHORTEST_LOOP)
    tail = tokens[-length:]
    return len(tokens) >= length and tail[period:] == tail[:-period]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(10, 5000), min_size=1, max_size=6), min_size=20, max_size=60, unique_by=tuple))
def test_a_list_of_different_items_is_left_alone(items: list[list[int]]) -> None:
    tokens = [token for item in items for token in (DASH, *item, NEWLINE)]
    assert first_alarm(tokens) is None


@settings(deadline=None)
@given(st.integers(2, 8), st.integers(8, 40), st.data())
def test_a_table_with_numbered_rows_is_left_alone(columns: int, rows: int, data: st.DataObject) -> None:
    """Every other cell may be the same: the running number is what tells the rows apart."""
    cell = data.draw(st.integers(10, 19))
    tokens = []
    for row in range(rows):
        tokens += [BAR, *(20 + int(digit) for digit in str(row + 1)), *([BAR, cell] * columns), BAR, NEWLINE]
    assert first_alarm(tokens) is None


def test_a_chorus_sung_three_times_is_left_alone() -> None:
    chorus, verses = random_tokens(30), [random_tokens(40, seed=verse) for verse in range(1, 4)]
    assert first_alarm([token for verse in verses for token in verse + chorus]) is None
    assert first_alarm(random_tokens(60, seed=9) + chorus * 3) is None


@pytest.mark.parametrize(
    "digits",
    [
        "3141592653589793238462643383279502884197169399375105820974944592307816406286208998",
        "1" + "0" * 40 + "7" * 40,
        "".join(str(n) for n in range(100)),
    ],
)
def test_long_numbers_are_left_alone(digits: str) -> None:
    assert first_alarm(random_tokens(60) + [20 + int(digit) for digit in digits]) is None


def test_a_loop_that_ended_by_itself_is_forgotten() -> None:
    loop = random_tokens(5) * 9
    assert first_alarm(loop + random_tokens(300, seed=2) + loop) is None
