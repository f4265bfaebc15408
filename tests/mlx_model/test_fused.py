"""A fused layer's output is that of its parts side by side; what cannot be fused stays as it is."""

from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import pytest

from mlx_model.fused import fused
from mlx_model.loading.checkpoint import load
from tests.checkpoints import write_checkpoint


def layers(*rows: int, bias: bool = False) -> list[nn.Linear]:
    return [nn.Linear(64, count, bias=bias) for count in rows]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("bits", [None, 4, 8])
def test_one_layer_says_what_the_others_say_side_by_side(bits: int | None, bias: bool) -> None:
    parts: list[nn.Module] = list(layers(96, 32, 32, bias=bias))
    if bits:
        parts = [part.to_quantized(32, bits) for part in parts if isinstance(part, nn.Linear)]
    x = mx.random.normal((2, 3, 64))
    apart = mx.concatenate([part(x) for part in parts], axis=-1)
    joint = fused(*parts)
    assert joint is not None
    assert mx.allclose(joint(x), apart, atol=1e-5)


def test_layers_of_different_packings_stay_apart() -> None:
    plain, other = layers(32, 32)
    assert fused(plain, other.to_quantized(32, 4)) is None
    assert fused(plain.to_quantized(32, 8), other.to_quantized(32, 4)) is None
    assert fused(plain.to_quantized(64, 4), other.to_quantized(32, 4)) is None


def test_a_loaded_decoder_is_fused_and_holds_no_weight_twice(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model", "256m")
    layer = load(folder).model.language_model.layers[0]
    assert {name for name in layer.self_attn if "proj" in name} == {"qkv_proj", "o_proj"}
    assert {name for name in layer.mlp if "proj" in name} == {"gate_up_proj", "down_proj"}


def test_a_decoder_that_cannot_be_fused_answers_the_same(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "model", "256m")
    joint, apart = load(folder).model, load(folder).model
    layer = apart.language_model.layers[0]
    attention, mlp = layer.self_attn, layer.mlp
    q, k = attention.num_heads * attention.head_dim, attention.num_kv_heads * attention.head_dim
    for name, weight in zip("qkv", mx.split(attention.qkv_proj.weight, (q, q + k), axis=0), strict=True):
        attention[f"{name}_proj"] = linear(weight)
    for name, weight in zip(("gate", "up"), mx.split(mlp.gate_up_proj.weight, 2, axis=0), strict=True):
        mlp[f"{name}_proj"] = linear(weight)
    del attention.qkv_proj, mlp.gate_up_proj
    ids = mx.array([[1, 2, 3, 4]])
    assert mx.allclose(joint(ids), apart(ids), atol=1e-4)


def linear(weight: mx.array) -> nn.Linear:
    layer = nn.Linear(1, 1, bias=False)
    layer.weight = weight
    return layer
