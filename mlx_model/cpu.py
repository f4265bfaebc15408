"""What takes the place of MLX's kernels on an x86 CPU: softmax, GELU and SiLU in numpy, and matrix times vector.

MLX evaluates `exp` and `tanh` one number at a time there; numpy has vector code for both. An evaluated MLX array and
its numpy view share their memory, so nothing is copied: each function computes a fresh array in MLX, changes it in
place, and goes on. All float32, like everything on a CPU (see `checkpoint.py`).
"""

import mlx.core as mx
import mlx.nn as nn
import numpy as np


def _view(x: mx.array) -> np.ndarray:
    """The evaluated array's own memory. Only for arrays that the caller has just made and nobody else holds."""
    mx.eval(x)
    return np.asarray(x)


def attention(queries: mx.array, keys: mx.array, values: mx.array, *, scale: float, causal: bool) -> mx.array:
    """As `arithmetic.attention`; one head at a time, so that a head's scores stay in the processor's cache."""
    B, heads, L, _ = queries.shape
    shared, S = heads // keys.shape[1], keys.shape[2]
    future = np.triu(np.full((L, S), -np.inf, np.float32), S - L + 1) if causal else None
    queries = queries * scale
    mx.eval(queries, keys, values)
    out = []
    for b in range(B):
        for head in range(heads):
            scores = queries[b, head] @ keys[b, head // shared].T
            weights = _view(scores)
            if future is not None:
                weights += future
            weights -= weights.max(axis=-1, keepdims=True)
            np.exp(weights, out=weights)
            total = mx.array(weights.sum(axis=-1, keepdims=True))
            out.append((scores @ values[b, head // shared]) / total)
            mx.eval(out[-1])
    return mx.stack(out).reshape(B, heads, L, -1)


def attention_of_one(
    queries: mx.array, keys: mx.array, values: mx.array, *, scale: float, mask: mx.array | None = None
) -> mx.array:
    """As `arithmetic.attention` for a single position [B, heads, 1, d], lazily: too few scores for numpy to pay.

    The heads that share keys are multiplied together, so keys and values are read once.
    """
    B, heads, _, d = queries.shape
    shared = queries.reshape(B, keys.shape[1], -1, d) * scale
    scores = shared @ keys.swapaxes(-1, -2)
    weights = mx.softmax(scores if mask is None else mx.where(mask, scores, -mx.inf), axis=-1)
    return (weights @ values).reshape(B, heads, 1, d)


def gelu(x: mx.array) -> mx.array:
    """GELU in its tanh form: x / (1 + exp(-2 u)) with u = sqrt(2 / pi) (x + 0.044715 x^3)."""
    return _gated(x, x * (x * x * (-0.044715 * 1.5957691216057308) - 1.5957691216057308))


def silu(x: mx.array) -> mx.array:
    """x / (1 + exp(-x))."""
    return _gated(x, -x)


def _gated(x: mx.array, exponent: mx.array) -> mx.array:
    power = _view(exponent)
    # Beyond 80 the quotient is zero in float32; past 88 the power would overflow, with a warning.
    np.minimum(power, 80.0, out=power)
    np.exp(power, out=power)
    power += 1.0
    return x / exponent


class Linear(nn.Linear):
    """A linear layer that multiplies a single row from the other side where it narrows.

    OpenBLAS splits [1, 1536] x [1536, 576] badly: beside other work it takes 35 times as long as the same product as a
    matrix times a column. Where a layer widens, the row is the faster side.
    """

    def __call__(self, x: mx.array) -> mx.array:
        rows, columns = self.weight.shape
        if x.size != columns or rows >= columns:
            return super().__call__(x)
        y = (self.weight @ x.reshape(-1, 1)).reshape(*x.shape[:-1], -1)
        return y + self.bias if "bias" in self else y


def replace_linears(model: nn.Module) -> None:
    """Every plain linear layer of a model becomes a `Linear` of this module, with the same weights."""
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = Linear
