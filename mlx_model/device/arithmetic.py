"""The device decides the arithmetic: the few operations that differ between Metal and a CPU.

On Metal they are MLX's own fused kernels. On an x86 CPU MLX computes `exp` one number at a time (20 ns each), which
makes softmax and the activations most of the work; there `cpu.py` takes their place.
"""

from dataclasses import dataclass
from functools import partial

import mlx.core as mx
import mlx.nn as nn

from mlx_model.device import cpu

ON_METAL = mx.metal.is_available()


@dataclass(frozen=True)
class Packed:
    """Keys or values [B, kv heads, S, d] as `mx.quantize` packs them along d."""

    weights: mx.array
    scales: mx.array
    biases: mx.array
    group_size: int
    bits: int

    def unpacked(self) -> mx.array:
        return mx.dequantize(self.weights, self.scales, self.biases, group_size=self.group_size, bits=self.bits)


def as_float32(weight: mx.array) -> mx.array:
    """The same in float32, lazily; packed words stay as they are."""
    return weight.astype(mx.float32) if mx.issubdtype(weight.dtype, mx.floating) else weight


def attention(
    queries: mx.array,
    keys: mx.array | Packed,
    values: mx.array | Packed,
    *,
    scale: float,
    causal: bool = False,
    mask: mx.array | None = None,
) -> mx.array:
    """softmax(scale * Q K^T) V: queries [B, heads, L, d], keys and values [B, kv heads, S, d] -> [B, heads, L, d].

    `causal`: position i of L sees the first S - L + i + 1 keys. Keys are packed where values are. `mask` [B, 1, 1, S]
    says which keys a single position sees; there is none for packed ones.
    """
    if isinstance(keys, Packed) and isinstance(values, Packed):
        return attention_to_packed(queries, keys, values, scale=scale, causal=causal)
    assert isinstance(keys, mx.array) and isinstance(values, mx.array), "both are packed or none"
    if ON_METAL:
        seen = "causal" if causal else mask
        return mx.fast.scaled_dot_product_attention(queries, keys, values, scale=scale, mask=seen)
    if queries.shape[2] == 1:
        return cpu.attention_of_one(queries, keys, values, scale=scale, mask=mask)
    return cpu.attention(queries, keys, values, scale=scale, causal=causal)


def rope(x: mx.array, turned: int, *, base: float, offset: int | mx.array) -> mx.array:
    """Rotary positions, halves apart, in the first `turned` heads of [B, heads, L, d]; the others stay as they are.

    The first position is `offset`, [B] where the sequences of a batch differ.
    """
    B, heads, L, d = x.shape
    if not ON_METAL and L == 1:
        return cpu.rope_of_one(x, turned, base, offset)
    if B == L == 1 and isinstance(offset, int):
        # All heads in one kernel, each with a position of its own: at the first one nothing turns.
        offsets = mx.array([offset] * turned + [0] * (heads - turned))
        return _turn(x.reshape(heads, 1, 1, d), base, offsets).reshape(x.shape)
    return mx.concatenate([_turn(x[:, :turned], base, offset), x[:, turned:]], axis=1)


def _turn(x: mx.array, base: float, offset: int | mx.array) -> mx.array:
    return mx.fast.rope(x, x.shape[-1], traditional=False, base=base, scale=1.0, offset=offset)


def gelu(x: mx.array) -> mx.array:
    """GELU in its tanh form, as SigLIP was trained."""
    return nn.gelu_approx(x) if ON_METAL else cpu.gelu(x)


def swiglu(gate: mx.array, up: mx.array) -> mx.array:
    """gate * sigmoid(gate) * up, in Llama's MLP."""
    return _swiglu(gate, up) if ON_METAL else cpu.swiglu(gate, up)


@partial(mx.compile, shapeless=True)
def _swiglu(gate: mx.array, up: mx.array) -> mx.array:
    return nn.silu(gate) * up


def add_projected(residual: mx.array, x: mx.array, layer: nn.Module) -> mx.array:
    """residual + layer(x), on Metal in one kernel where the layer is a plain matrix."""
    if ON_METAL and "scales" not in layer and "bias" not in layer:
        return mx.addmm(residual, x, layer.weight.T)
    return residual + layer(x)


def logsumexp(x: mx.array) -> mx.array:
    """log(sum(exp(x))) over the last axis."""
    return mx.logsumexp(x, axis=-1) if ON_METAL else cpu.logsumexp(x)


def attention_to_packed(
    queries: mx.array, keys: Packed, values: Packed, *, scale: float, causal: bool = False
) -> mx.array:
    """The same over packed keys and values, which stay packed. Never run on Metal by a test: they run on a CPU."""
    B, heads, L, d = queries.shape
    kv_heads, S = keys.weights.shape[1:3]
    # Queries that share a head of keys stand side by side, as quantized_matmul repeats nothing.
    grouped = (queries * scale).reshape(B, kv_heads, heads // kv_heads * L, d)
    scores = _times(grouped, keys, transpose=True)
    if causal and L > 1:
        hidden = mx.arange(S)[None] > mx.arange(L)[:, None] + (S - L)
        scores = mx.where(mx.tile(hidden, (heads // kv_heads, 1)), -mx.inf, scores)
    weights = mx.softmax(scores, axis=-1, precise=True)
    return _times(weights, values, transpose=False).reshape(B, heads, L, d)


def _times(x: mx.array, packed: Packed, *, transpose: bool) -> mx.array:
    return mx.quantized_matmul(
        x,
        packed.weights,
        packed.scales,
        packed.biases,
        transpose=transpose,
        group_size=packed.group_size,
        bits=packed.bits,
    )
