"""A cache changes what a pass costs, never what comes out of it."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import mlx.core as mx
import numpy as np
import pytest

from mlx_model import cache as cache_module
from mlx_model.answering import generate
from mlx_model.answering.generate import prefill
from mlx_model.cache import KVCache, QuantizedKVCache
from mlx_model.device.arithmetic import Packed, attention
from mlx_model.language import LanguageModel
from mlx_model.loading.checkpoint import Checkpoint

# Of the logits' range: other shapes of the same products round differently.
TOLERANCE = 1e-5
L = 37


def tokens(length: int = L, seed: int = 5) -> mx.array:
    return mx.array(np.random.default_rng(seed).integers(0, 200, (1, length)))


def run(model: LanguageModel, ids: mx.array, cache: Sequence[KVCache]) -> np.ndarray:
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
    cache, token = KVCache(), mx.ones((1, 4, 1, 8))
    sizes = []
    for _ in range(cache_module.STEP + 1):
        cache.update(token)
        sizes.append(cache.nbytes)
    step = 2 * 2 * 8 * 4 * cache_module.STEP
    assert sizes == [step] * cache_module.STEP + [2 * step]


def test_a_new_cache_holds_nothing() -> None:
    assert (KVCache().offset, KVCache().nbytes, KVCache().arrays) == (0, 0, [])


@pytest.mark.parametrize("count", [-1, 4])
def test_more_than_is_there_cannot_be_trimmed(count: int) -> None:
    cache = KVCache()
    cache.update(mx.ones((1, 2, 3, 4)))
    with pytest.raises(AssertionError, match=f"{count} of 3"):
        cache.trim(count)


def test_a_branch_and_its_origin_go_their_own_ways(model: LanguageModel) -> None:
    origin = model.new_cache()
    run(model, tokens(), origin)
    branch = [layer.branch(20) for layer in origin]
    for cache, kept, seed in ((origin, L, 6), (branch, 20, 7), (origin, L + 12, 8), (branch, 32, 9)):
        more = tokens(12, seed)
        assert cache[0].offset == kept
        run(model, more, cache)
    for cache, ids in (
        (branch, [tokens()[:, :20], tokens(12, 7), tokens(12, 9)]),
        (origin, [tokens(), tokens(12, 6), tokens(12, 8)]),
    ):
        said = mx.concatenate([*ids, tokens(5, 10)], axis=1)
        assert_same(run(model, tokens(5, 10), cache), whole_pass(model, said)[-5:])


def test_a_trimmed_origin_does_not_write_into_its_branch(model: LanguageModel) -> None:
    origin = model.new_cache()
    run(model, tokens(), origin)
    branch = [layer.branch(30) for layer in origin]
    for layer in origin:
        layer.trim(L - 5)
    run(model, tokens(20, 6), origin)
    said = mx.concatenate([tokens()[:, :30], tokens(5, 7)], axis=1)
    assert_same(run(model, tokens(5, 7), branch), whole_pass(model, said)[-5:])


def test_a_branch_copies_nothing_until_one_writes_and_then_once() -> None:
    positions, token = mx.ones((1, 8, 2000, 64)), mx.ones((1, 8, 1, 64))
    origin = KVCache()
    origin.update(positions)
    mx.eval(origin.arrays)
    size = origin.nbytes

    def growth_of(step: Callable[[], object]) -> int:
        mx.clear_cache()
        before = mx.get_active_memory()
        mx.reset_peak_memory()
        step()
        return mx.get_peak_memory() - before

    def write(cache: KVCache) -> None:
        cache.update(token)
        mx.eval(cache.arrays)

    branches = []
    assert growth_of(lambda: branches.append(origin.branch(1900))) < size / 100
    assert growth_of(lambda: write(branches[0])) > size / 2
    write(origin)
    for cache in (branches[0], origin, branches[0], origin):
        assert growth_of(partial(write, cache)) < size / 10


def test_a_plain_cache_and_a_packed_one_that_has_not_begun_are_equal(model: LanguageModel) -> None:
    packed = [QuantizedKVCache(8, begin=L) for _ in model.layers]
    assert np.array_equal(run(model, tokens(), packed), whole_pass(model, tokens()))


@pytest.mark.parametrize(("bits", "error", "share"), [(8, 0.01, 0.3), (4, 0.15, 0.2)])
def test_a_packed_cache_is_smaller_and_nearly_right(
    model: LanguageModel, bits: int, error: float, share: float
) -> None:
    plain, packed = model.new_cache(), [QuantizedKVCache(bits, begin=10) for _ in model.layers]
    for start, end in pairwise([0, 8, 30, 31, 32, L]):
        exact, near = (run(model, tokens()[:, start:end], cache) for cache in (plain, packed))
        assert np.abs(near - exact).max() < error * np.ptp(exact)
    assert 0 < sum(layer.nbytes for layer in packed) < share * sum(layer.nbytes for layer in plain)


def test_a_packed_cache_is_trimmed_and_branched_like_a_plain_one(model: LanguageModel) -> None:
    whole, cut = ([QuantizedKVCache(8) for _ in model.layers] for _ in range(2))
    run(model, tokens()[:, :20], whole)
    run(model, tokens(), cut)
    branch = [layer.branch(20) for layer in cut]
    for layer in cut:
        layer.trim(L - 20)
    expected = run(model, tokens(5, 7), whole)
    for cache in (branch, cut):
        assert np.abs(run(model, tokens(5, 7), cache) - expected).max() < TOLERANCE * np.ptp(expected)


@pytest.mark.parametrize("L_new", [1, 5])
@pytest.mark.parametrize("bits", [8, 4])
def test_attention_to_packed_keys_is_that_to_the_unpacked(bits: int, L_new: int) -> None:
    rng = np.random.default_rng(3)
    queries = mx.array(rng.standard_normal((1, 6, L_new, 64)).astype(np.float32))
    keys, values = (mx.array(rng.standard_normal((1, 2, 9, 64)).astype(np.float32)) for _ in range(2))
    packed = [Packed(*mx.quantize(x, group_size=64, bits=bits), 64, bits) for x in (keys, values)]
    out = attention(queries, packed[0], packed[1], scale=0.125, causal=L_new > 1)
    expected = attention(queries, packed[0].unpacked(), packed[1].unpacked(), scale=0.125, causal=L_new > 1)
    assert np.abs(np.asarray(out) - np.asarray(expected)).max() < 1e-4


def test_heads_that_no_group_divides_cannot_be_packed() -> None:
    with pytest.raises(ValueError, match="heads of 40"):
        QuantizedKVCache(8).update(mx.ones((1, 2, 1, 40)))
