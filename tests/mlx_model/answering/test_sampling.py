"""Which tokens can be drawn, how likely, and that a seed draws them again."""

import math
from collections import Counter

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlx_model.answering.sampling import Sampler, keep_likely, penalize
from mlx_model.request import Sampling

PROBABILITIES = [0.07, 0.5, 0.03, 0.25, 0.15]


def logits(probabilities: list[float] = PROBABILITIES) -> mx.array:
    """Shifted by a constant, which must not matter."""
    return mx.log(mx.array(probabilities)) + 3.0


def draw(sampling: Sampling, count: int, said: tuple[int, ...] = ()) -> list[int]:
    sampler = Sampler(sampling)
    return [int(sampler(logits(), [mx.array(token) for token in said])[0]) for _ in range(count)]


def support(top_p: float = 1.0, min_p: float = 0.0, probabilities: list[float] = PROBABILITIES) -> set[int]:
    kept = np.asarray(keep_likely(logits(probabilities), top_p, min_p))
    return set(np.flatnonzero(kept > -np.inf).tolist())


def test_greedy_takes_the_likeliest_whatever_the_seed() -> None:
    assert {token for seed in range(5) for token in draw(Sampling(seed=seed), 3)} == {1}


def test_the_log_probability_is_the_models_own() -> None:
    for sampling in (Sampling(), Sampling(temperature=2.0, top_p=0.6, seed=1), Sampling(repetition_penalty=5.0)):
        token, logprob = Sampler(sampling)(logits(), [mx.array(1)])
        assert math.exp(float(logprob)) == pytest.approx(PROBABILITIES[int(token)], rel=1e-5)


def test_a_seed_draws_the_same_again_and_another_something_else() -> None:
    drawn = draw(Sampling(temperature=1.0, seed=7), 50)
    assert drawn == draw(Sampling(temperature=1.0, seed=7), 50)
    assert drawn != draw(Sampling(temperature=1.0, seed=8), 50)
    assert len(set(drawn)) > 1


def test_without_a_seed_two_samplers_differ() -> None:
    assert draw(Sampling(temperature=5.0), 60) != draw(Sampling(temperature=5.0), 60)


@pytest.mark.parametrize(("temperature", "power"), [(1.0, 1.0), (0.5, 2.0), (2.0, 0.5)])
def test_tokens_come_as_often_as_the_temperature_says(temperature: float, power: float) -> None:
    count = 2000
    expected = np.array(PROBABILITIES) ** power
    expected /= expected.sum()
    drawn = Counter(draw(Sampling(temperature=temperature, seed=3), count))
    for token, share in enumerate(expected):
        assert drawn[token] / count == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / count))


@pytest.mark.parametrize("temperature", [1e-3, 1e-30])
def test_next_to_no_temperature_is_as_good_as_none(temperature: float) -> None:
    assert draw(Sampling(temperature=temperature, top_p=0.9, min_p=0.1, seed=0), 20) == [1] * 20


@pytest.mark.parametrize(
    ("top_p", "kept"),
    [
        (1.0, {0, 1, 2, 3, 4}),
        (0.95, {0, 1, 3, 4}),
        (0.8, {1, 3, 4}),
        (0.6, {1, 3}),
        (0.4, {1}),
        (0.0, {1}),
    ],
)
def test_top_p_keeps_the_fewest_tokens_of_that_mass(top_p: float, kept: set[int]) -> None:
    assert support(top_p=top_p) == kept


@pytest.mark.parametrize(
    ("min_p", "kept"), [(0.0, {0, 1, 2, 3, 4}), (0.1, {0, 1, 3, 4}), (0.2, {1, 3, 4}), (0.49, {1, 3}), (1.0, {1})]
)
def test_min_p_keeps_what_is_near_the_likeliest(min_p: float, kept: set[int]) -> None:
    assert support(min_p=min_p) == kept


def test_top_p_and_min_p_together_keep_what_both_keep() -> None:
    assert support(top_p=0.8, min_p=0.49) == {1, 3}
    assert support(top_p=0.6, min_p=0.1) == {1, 3}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=40), st.floats(0.01, 0.99))
def test_the_nucleus_is_the_smallest_of_its_mass(weights: list[int], top_p: float) -> None:
    probabilities = np.array(weights) / sum(weights)
    kept = support(top_p=top_p, probabilities=probabilities.tolist())
    inside = probabilities[sorted(kept)]
    outside = np.delete(probabilities, sorted(kept))
    assert inside.sum() >= top_p - 1e-5
    assert inside.sum() - inside.min() <= top_p + 1e-5
    assert not len(outside) or outside.max() <= inside.min() + 1e-7


def test_a_top_p_of_nothing_still_draws_the_likeliest() -> None:
    assert draw(Sampling(temperature=1.0, top_p=0.0, seed=0), 20) == [1] * 20


def test_only_kept_tokens_are_drawn() -> None:
    assert set(draw(Sampling(temperature=5.0, top_p=0.6, seed=0), 200)) == {1, 3, 4}  # heat levels them
    assert set(draw(Sampling(temperature=1.0, top_p=0.6, seed=0), 200)) == {1, 3}
    assert set(draw(Sampling(temperature=1.0, min_p=0.2, seed=0), 200)) == {1, 3, 4}


def test_the_penalty_divides_what_is_above_zero_and_multiplies_what_is_below() -> None:
    penalized = penalize(mx.array([4.0, -4.0, 1.0, -1.0]), mx.array([0, 1, 0]), 2.0)
    assert penalized.tolist() == [2.0, -8.0, 1.0, -1.0]


def test_what_was_said_is_said_less() -> None:
    assert draw(Sampling(repetition_penalty=3.0), 1, said=(1,)) == [3]
    assert draw(Sampling(repetition_penalty=3.0), 1, said=(1, 3, 1)) == [4]
    assert draw(Sampling(repetition_penalty=1.0), 1, said=(1, 3)) == [1]


@pytest.mark.parametrize("sampling", [Sampling(repetition_penalty=2.0), Sampling(temperature=1.0, top_p=0.5, seed=0)])
def test_the_callers_logits_are_left_as_they_were(sampling: Sampling) -> None:
    given_logits = logits()
    before = given_logits.tolist()
    mx.eval(Sampler(sampling)(given_logits, [mx.array(1)]))
    assert given_logits.tolist() == before


def test_half_precision_logits_are_compared_in_full() -> None:
    token, logprob = Sampler(Sampling())(logits().astype(mx.bfloat16), [])
    assert (int(token), logprob.dtype) == (1, mx.float32)
