"""The device decides the arithmetic: the few operations that differ between Metal and a CPU.

On Metal they are MLX's own fused kernels. On an x86 CPU MLX computes `exp` one number at a time (20 ns each), which
makes softmax and the activations most of the work; there `cpu.py` takes their place.
"""

import mlx.core as mx
import mlx.nn as nn

from mlx_model import cpu

ON_METAL = mx.metal.is_available()


def attention(queries: mx.array, keys: mx.array, values: mx.array, *, scale: float, causal: bool = False) -> mx.array:
    """softmax(scale * Q K^T) V: queries [B, heads, L, d], keys and values [B, kv heads, S, d] -> [B, heads, L, d].

    `causal`: position i of L sees the first S - L + i + 1 keys.
    """
    if ON_METAL:
        mask = "causal" if causal else None
        return mx.fast.scaled_dot_product_attention(queries, keys, values, scale=scale, mask=mask)
    if queries.shape[2] == 1:
        return cpu.attention_of_one(queries, keys, values, scale=scale)
    return cpu.attention(queries, keys, values, scale=scale, causal=causal)


def gelu(x: mx.array) -> mx.array:
    """GELU in its tanh form, as SigLIP was trained."""
    return nn.gelu_approx(x) if ON_METAL else cpu.gelu(x)


def silu(x: mx.array) -> mx.array:
    """x * sigmoid(x)."""
    return nn.silu(x) if ON_METAL or x.shape[1] == 1 else cpu.silu(x)
