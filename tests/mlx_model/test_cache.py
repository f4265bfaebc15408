"""A cache changes what a pass costs, never what comes out of it."""

from itertools import pairwise

import mlx.core as mx
import numpy as np
import pytest

from mlx_model import cache as cache_module
from mlx_model import generate
from mlx_model.cache import KVCache
from mlx_model.checkpoint import Checkpoint
from mlx_model.generate import prefill
from mlx_model.language import LanguageModel

# Of the logits' range: other shapes of the same products round differently.
TOLERANCE = 1e-5
L = 37


def tokens(length: int = L, seed: int = 5) -> mx.array:
    return mx.array(np.random.default_rng(seed).integers(0, 200, (1, length)))


def run(model: LanguageModel, ids: mx.array, cache: list[KVCache]) -> np.ndarray:
    return np.asarray(model.logits(model(model.embed_tokens(ids), cache)))[0]


def whole_pass(model: LanguageModel, ids: mx.array) -> np.ndarray:
    """Logits [L, vocabulary] of a single pass over everything."""
    return run(model, ids, model.new_cache())


def in_pieces(model: LanguageModel, ids: mx.array, ends: list[int]) -> np.ndarray:
    cache = model.new_cache()
    return np.concatenate([run(model, ids[:, start:end], cache) for start, end in pairwise([0, *ends])])


def assert_same(ours: np.ndarray, whole: np.ndarray) -> None:
    assert np.abs(ours - whole).max() < TOLERANCE * np.ptp(whole)
    assert np.array_equal(ours.argmax(-1), whole.argmax(-1))


@pytest.fixture(params=["reading", "seeing"])
def model(request: pytest.FixtureRequest) -> LanguageModel:
    checkpoint: Checkpoint = request.getfixturevalue(request.param)
    return checkpoint.model.language_model


PIECES = {
    "token by token": list(range(1, L + 1)),
    "the last alone": [L - 1, L],
    "the first alone": [1, L],
    "in eights": [8, 16, 24, 32, L],
    "uneven": [30, 31, 33, L],
}


@pytest.mark.parametrize("ends", PIECES.values(), ids=PIECES)
def test_a_prompt_in_pieces_has_the_logits_of_one_pass(model: LanguageModel, ends: list[int]) -> None:
    assert_same(in_pieces(model, tokens(), ends), whole_pass(model, tokens()))


@pytest.mark.parametrize("step", [1, 5, 36, 37, 512])
def test_prefill_in_steps_ends_where_one_pass_does(
    model: LanguageModel, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "PREFILL_STEP", step)
    cache = model.new_cache()
    states = list(prefill(model, model.embed_tokens(tokens()), cache))
    assert len(states) == -(-L // step)
    assert [layer.offset for layer in cache] == [L] * len(model.layers)
    assert_same(np.asarray(model.logits(states[-1]))[0], whole_pass(model, tokens())[-1:])


def test_every_step_of_a_prefill_says_how_far_it_is(model: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "PREFILL_STEP", 16)
    cache = model.new_cache()
    steps = prefill(model, model.embed_tokens(tokens()), cache)
    assert [cache[0].offset for _ in steps] == [16, 32, 37]


@pytest.mark.parametrize("step", [1, 4, 16, 256])
def test_a_cache_that_outgrows_its_room_keeps_what_it_holds(
    model: LanguageModel, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "STEP", step)
    assert_same(in_pieces(model, tokens(), [3, 4, 20, 21, 22, L]), whole_pass(model, tokens()))


def test_a_cache_beyond_its_first_room_is_that_of_one_pass(model: LanguageModel) -> None:
    ids = tokens(2 * cache_module.STEP + 9)
    ends = [cache_module.STEP - 1, cache_module.STEP + 1, 2 * cache_module.STEP, ids.shape[1]]
    assert_same(in_pieces(model, ids, ends), whole_pass(model, ids))


@pytest.mark.parametrize("kept", [0, 1, 20, L])
def test_a_trimmed_cache_goes_on_as_if_the_rest_had_never_been(model: LanguageModel, kept: int) -> None:
    first, second = tokens(), mx.concatenate([tokens()[:, :kept], tokens(12, seed=6)], axis=1)
    cache = model.new_cache()
    run(model, first, cache)
    for layer in cache:
        layer.trim(L - kept)
    assert_same(run(model, second[:, kept:], cache), whole_pass(model, second)[kept:])


def test_room_is_taken_in_steps_and_not_for_each_token() -> None:
    cache, token = KVCache(), mx.ones((1, 2, 1, 8))
    sizes = []
    for _ in range(cache_module.STEP + 1):
        cache.update(token, token)
        sizes.append(cache.nbytes)
    step = 2 * 2 * 8 * 4 * cache_module.STEP
    assert sizes == [step] * cache_module.STEP + [2 * step]


def test_a_new_cache_holds_nothing() -> None:
    assert (KVCache().offset, KVCache().nbytes, KVCache().arrays) == (0, 0, [])


@pytest.mark.parametrize("count", [-1, 4])
def test_more_than_is_there_cannot_be_trimmed(count: int) -> None:
    cache = KVCache()
    cache.update(mx.ones((1, 1, 3, 4)), mx.ones((1, 1, 3, 4)))
    with pytest.raises(AssertionError, match=f"{count} of 3"):
        cache.trim(count)
