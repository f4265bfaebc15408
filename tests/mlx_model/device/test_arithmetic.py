"""Both ways of `arithmetic`, MLX's kernels and numpy's in `cpu.py`, are one function each."""

from collections.abc import Callable

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from mlx_model.device import arithmetic, cpu

TOLERANCE = 1e-5
# heads, key heads, positions asked, positions seen
SHAPES = {
    "one head": (1, 1, 5, 5),
    "the encoder's": (12, 12, 64, 64),
    "grouped 9:3": (9, 3, 33, 33),
    "grouped 4:1": (4, 1, 16, 16),
    "after a cache": (6, 2, 7, 40),
    "one query after a cache": (6, 2, 1, 40),
}


def random(*shape: int, seed: int = 0, scale: float = 1.0) -> mx.array:
    return mx.array((scale * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32))


def operands(heads: int, kv_heads: int, L: int, S: int, scale: float = 1.0) -> tuple[mx.array, mx.array, mx.array]:
    return (
        random(2, heads, L, 16, seed=1, scale=scale),
        random(2, kv_heads, S, 16, seed=2, scale=scale),
        random(2, kv_heads, S, 16, seed=3),
    )


def largest_difference(ours: mx.array, reference: mx.array) -> float:
    assert ours.shape == reference.shape
    return float(mx.abs(ours - reference).max())


@pytest.mark.parametrize("causal", [False, True], ids=["open", "causal"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_attention_in_numpy_is_that_of_mlx(shape: tuple[int, int, int, int], causal: bool) -> None:
    queries, keys, values = operands(*shape)
    reference = mx.fast.scaled_dot_product_attention(
        queries, keys, values, scale=0.25, mask="causal" if causal else None
    )
    ours = cpu.attention(queries, keys, values, scale=0.25, causal=causal)
    assert largest_difference(ours, reference) < TOLERANCE


def test_attention_with_scores_in_the_hundreds_stays_finite() -> None:
    queries, keys, values = operands(4, 2, 20, 20, scale=20.0)
    ours = cpu.attention(queries, keys, values, scale=1.0, causal=True)
    reference = mx.fast.scaled_dot_product_attention(queries, keys, values, scale=1.0, mask="causal")
    assert largest_difference(ours, reference) < TOLERANCE


def test_a_position_of_a_prompt_sees_the_cache_itself_and_nothing_after() -> None:
    queries, keys, values = operands(2, 1, 3, 8)
    before = cpu.attention(queries, keys, values, scale=0.25, causal=True)
    keys[..., -1, :] += 1.0
    after = cpu.attention(queries, keys, values, scale=0.25, causal=True)
    assert mx.array_equal(before[..., :2, :], after[..., :2, :])
    assert not mx.array_equal(before[..., 2, :], after[..., 2, :])


@pytest.mark.parametrize("causal", [False, True], ids=["open", "causal"])
@pytest.mark.parametrize("L", [1, 6])
def test_the_attention_of_this_device_is_that_of_mlx(L: int, causal: bool) -> None:
    queries, keys, values = operands(6, 2, L, 12)
    reference = mx.fast.scaled_dot_product_attention(
        queries, keys, values, scale=0.25, mask="causal" if causal else None
    )
    assert largest_difference(arithmetic.attention(queries, keys, values, scale=0.25, causal=causal), reference) < 1e-5


def test_attention_takes_views_of_a_larger_cache() -> None:
    queries, keys, values = operands(2, 2, 4, 32)
    seen = keys[..., :10, :], values[..., :10, :]
    copied = mx.array(np.asarray(seen[0])), mx.array(np.asarray(seen[1]))
    ours = cpu.attention(queries, *seen, scale=0.25, causal=True)
    assert mx.array_equal(ours, cpu.attention(queries, *copied, scale=0.25, causal=True))


ACTIVATIONS = {
    "gelu": (cpu.gelu, nn.gelu_approx),
    "swiglu": (lambda x: cpu.swiglu(x, x + 1), lambda x: nn.silu(x) * (x + 1)),
    "gelu of this device": (arithmetic.gelu, nn.gelu_approx),
    "swiglu of this device": (lambda x: arithmetic.swiglu(x, x + 1), lambda x: nn.silu(x) * (x + 1)),
    "swiglu of Metal": (lambda x: arithmetic._swiglu(x, x + 1), lambda x: nn.silu(x) * (x + 1)),
}
VALUES = {
    "ordinary": random(3, 50, 40),
    "large": random(1, 50, 40, scale=300.0),
    "tiny": random(1, 50, 40, scale=1e-20),
    "zeros": mx.zeros((1, 4, 8)),
    "one position": random(2, 1, 40),
    "a view across": random(4, 30, 20).transpose(0, 2, 1)[:, ::2],
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("functions", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_an_activation_in_numpy_is_that_of_mlx(
    functions: tuple[Callable[[mx.array], mx.array], Callable[[mx.array], mx.array]], values: mx.array
) -> None:
    ours, reference = functions[0](values), functions[1](values)
    # Relative where values are large: 1e-5 of 300 is a float32's own precision.
    assert largest_difference(ours, reference) <= TOLERANCE * max(1.0, float(mx.abs(reference).max()) / 10)


@pytest.mark.parametrize("activation", [cpu.gelu, lambda x: cpu.swiglu(x, x)])
def test_numbers_that_are_not_finite_do_not_become_finite(activation: Callable[[mx.array], mx.array]) -> None:
    assert not bool(mx.isfinite(activation(mx.array([[[mx.nan, mx.inf]]]))).any())


def test_what_goes_in_is_left_as_it_was() -> None:
    queries, keys, values = operands(4, 2, 6, 6)
    x = random(1, 6, 8)
    before = [np.array(array) for array in (queries, keys, values, x)]
    mx.eval(
        cpu.attention(queries, keys, values, scale=0.25, causal=True),
        cpu.attention_of_one(queries[:, :, :1], keys, values, scale=0.25),
        cpu.gelu(x),
        cpu.swiglu(x, x),
        cpu.logsumexp(x[0, 0]),
        cpu.rope_of_one(queries[:, :, :1], 2, 10000.0, 3),
    )
    for array, old in zip((queries, keys, values, x), before, strict=True):
        assert np.array_equal(np.asarray(array), old)


@pytest.mark.parametrize("heads", [(12, 12), (9, 3), (8, 2), (4, 1)])
def test_attention_of_a_single_position_is_that_of_mlx_on_a_view_of_the_cache(heads: tuple[int, int]) -> None:
    queries, keys, values = operands(*heads, 1, 40)
    keys, values = keys[..., :33, :], values[..., :33, :]
    reference = mx.fast.scaled_dot_product_attention(queries, keys, values, scale=0.25)
    assert largest_difference(cpu.attention_of_one(queries, keys, values, scale=0.25), reference) < TOLERANCE


@pytest.mark.parametrize("offset", [0, 1, 875, 8191])
def test_rotary_positions_in_numpy_are_those_of_mlx(offset: int) -> None:
    x = random(2, 3, 1, 64)
    reference = mx.fast.rope(x, 64, traditional=False, base=100000.0, scale=1.0, offset=offset)
    # Both round the angle to a float32: at 8191 its last digit is worth 5e-4.
    assert largest_difference(cpu.rope_of_one(x, 3, 100000.0, offset), reference) < TOLERANCE + 5e-7 * offset
    assert (
        largest_difference(arithmetic.rope(x, 3, base=100000.0, offset=offset), reference) < TOLERANCE + 5e-7 * offset
    )


def test_rotary_positions_take_an_offset_for_each_sequence() -> None:
    x = random(2, 3, 1, 64)
    both = cpu.rope_of_one(x, 3, 100000.0, mx.array([5, 70]))
    for row, offset in enumerate((5, 70)):
        assert mx.array_equal(both[row : row + 1], cpu.rope_of_one(x[row : row + 1], 3, 100000.0, offset))


def test_logsumexp_in_numpy_is_that_of_mlx_and_stays_finite() -> None:
    for x in (random(1000), random(1000, scale=300.0), mx.zeros((3,))):
        assert float(mx.abs(cpu.logsumexp(x) - mx.logsumexp(x))) <= 1e-6 * float(mx.abs(x).max()) + 1e-6


SHAPES_OF_ROWS = [(24,), (1, 24), (1, 1, 24), (1, 3, 24), (2, 1, 24)]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", SHAPES_OF_ROWS)
def test_a_linear_layer_of_the_cpu_multiplies_like_any_other(shape: tuple[int, ...], bias: bool) -> None:
    layer = nn.Linear(24, 10, bias=bias)
    x = random(*shape)
    reference = layer(x)
    cpu.replace_layers(layer)
    assert type(layer) is cpu.Linear
    assert largest_difference(layer(x), reference) < TOLERANCE
    residual = random(*shape[:-1], 10)
    assert largest_difference(arithmetic.add_projected(residual, x, layer), residual + reference) < TOLERANCE


@pytest.mark.parametrize("shape", SHAPES_OF_ROWS)
def test_a_head_and_a_norm_of_the_cpu_compute_like_any_other(shape: tuple[int, ...]) -> None:
    embedding, norm, x = nn.Embedding(50, 24), nn.RMSNorm(24), random(*shape)
    norm.weight = random(24, seed=4)
    references = embedding.as_linear(x), norm(x)
    model = nn.Sequential(embedding, norm)
    cpu.replace_layers(model)
    for ours, reference in zip((embedding.as_linear(x), norm(x)), references, strict=True):
        assert largest_difference(ours, reference) < TOLERANCE


def test_only_plain_layers_are_replaced() -> None:
    model = nn.Sequential(nn.Linear(64, 64), nn.LayerNorm(64), nn.Embedding(4, 64), nn.RMSNorm(64))
    nn.quantize(packed := nn.Sequential(nn.Linear(64, 64)))
    cpu.replace_layers(model)
    cpu.replace_layers(packed)
    assert [type(layer) for layer in model.layers] == [cpu.Linear, nn.LayerNorm, cpu.Embedding, cpu.RMSNorm]
    assert type(packed.layers[0]) is nn.QuantizedLinear


@pytest.mark.parametrize("on_metal", [False, True], ids=["numpy's way", "Metal's way"])
@pytest.mark.parametrize(("B", "L"), [(1, 1), (1, 5), (3, 1)])
def test_the_first_heads_turn_and_the_others_stay_bit_for_bit(
    B: int, L: int, on_metal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arithmetic, "ON_METAL", on_metal)
    x = random(B, 6, L, 16)
    offset = 700 if B == 1 else mx.array([700, 3, 0])
    turned = arithmetic.rope(x, 4, base=100_000.0, offset=offset)
    expected = mx.fast.rope(x[:, :4], 16, traditional=False, base=100_000.0, scale=1.0, offset=offset)
    assert largest_difference(turned[:, :4], expected) < TOLERANCE
    assert mx.array_equal(turned[:, 4:], x[:, 4:])
