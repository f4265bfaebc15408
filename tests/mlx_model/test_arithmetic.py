"""Both ways of `arithmetic`, MLX's kernels and numpy's in `cpu.py`, are one function each."""

from collections.abc import Callable

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from mlx_model import arithmetic, cpu

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
    "silu": (cpu.silu, nn.silu),
    "gelu of this device": (arithmetic.gelu, nn.gelu_approx),
    "silu of this device": (arithmetic.silu, nn.silu),
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
    assert largest_difference(ours, reference) <= TOLERANCE * max(1.0, float(mx.abs(values).max()) / 10)


@pytest.mark.parametrize("activation", [cpu.gelu, cpu.silu])
def test_numbers_that_are_not_finite_do_not_become_finite(activation: Callable[[mx.array], mx.array]) -> None:
    assert not bool(mx.isfinite(activation(mx.array([[[mx.nan, mx.inf]]]))).any())


def test_what_goes_in_is_left_as_it_was() -> None:
    queries, keys, values = operands(4, 2, 6, 6)
    x = random(1, 6, 8)
    before = [np.array(array) for array in (queries, keys, values, x)]
    mx.eval(
        cpu.attention(queries, keys, values, scale=0.25, causal=True),
        cpu.gelu(x),
        cpu.silu(x),
        cpu.gelu(x),
        cpu.silu(x),
    )
    for array, old in zip((queries, keys, values, x), before, strict=True):
        assert np.array_equal(np.asarray(array), old)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(24,), (1, 24), (1, 1, 24), (1, 3, 24), (2, 1, 24)])
def test_a_linear_layer_of_the_cpu_multiplies_like_any_other(shape: tuple[int, ...], bias: bool) -> None:
    layer = nn.Linear(24, 10, bias=bias)
    x = random(*shape)
    reference = layer(x)
    cpu.replace_linears(layer)
    assert type(layer) is cpu.Linear
    assert largest_difference(layer(x), reference) < TOLERANCE


def test_only_plain_linear_layers_are_replaced() -> None:
    model = nn.Sequential(nn.Linear(64, 64), nn.LayerNorm(64), nn.Embedding(4, 64))
    nn.quantize(packed := nn.Sequential(nn.Linear(64, 64)))
    cpu.replace_linears(model)
    cpu.replace_linears(packed)
    assert [type(layer) for layer in model.layers] == [cpu.Linear, nn.LayerNorm, nn.Embedding]
    assert type(packed.layers[0]) is nn.QuantizedLinear
