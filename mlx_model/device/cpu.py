"""What takes the place of MLX's kernels on an x86 CPU: softmax, GELU, SiLU, and all that is done to a single position.

MLX evaluates `exp` and `tanh` one number at a time there; numpy has vector code for both. An evaluated MLX array and
its numpy view share their memory, so nothing is copied. All float32, like everything on a CPU (see `checkpoint.py`).
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
    """As `arithmetic.attention` for a single position [B, heads, 1, d].

    The heads that share keys are multiplied together, so keys and values are read once.
    """
    B, heads, _, d = queries.shape
    mx.eval(queries, keys, values)
    shared = np.asarray(queries).reshape(B, keys.shape[1], -1, d) * np.float32(scale)
    # On the left side a view of the cache is read as it lies, on the right side number by number.
    weights = (np.asarray(keys) @ shared.swapaxes(-1, -2)).swapaxes(-1, -2)
    if mask is not None:
        weights = np.where(np.asarray(mask), weights, np.float32(-np.inf))
    weights -= weights.max(axis=-1, keepdims=True)
    np.exp(weights, out=weights)
    weights /= weights.sum(axis=-1, keepdims=True)
    return mx.array((weights @ np.asarray(values)).reshape(B, heads, 1, d))


def rope_of_one(x: mx.array, turned: int, base: float, offset: int | mx.array) -> mx.array:
    """As `arithmetic.rope` for a single position [B, heads, 1, d]."""
    mx.eval(x)
    numbers = np.asarray(x)
    first, second = np.split(numbers[:, :turned], 2, axis=-1)
    d = x.shape[-1]
    frequencies = (1.0 / base ** (np.arange(0, d, 2) / d)).astype(np.float32)
    angles = np.asarray(offset, np.float32).reshape(-1, 1, 1, 1) * frequencies
    cos, sin = np.cos(angles), np.sin(angles)
    rotated = np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)
    return mx.array(np.concatenate([rotated, numbers[:, turned:]], axis=1))


def logsumexp(x: mx.array) -> mx.array:
    """log(sum(exp(x))) over the last axis."""
    mx.eval(x)
    numbers = np.asarray(x)
    most = numbers.max(axis=-1)
    return mx.array(most + np.log(np.exp(numbers - most[..., None]).sum(axis=-1)))


def gelu(x: mx.array) -> mx.array:
    """GELU in its tanh form: x / (1 + exp(-2 u)) with u = sqrt(2 / pi) (x + 0.044715 x^3)."""
    return _gated(x, x * (x * x * (-0.044715 * 1.5957691216057308) - 1.5957691216057308))


def swiglu(gate: mx.array, up: mx.array) -> mx.array:
    """gate / (1 + exp(-gate)) * up."""
    return _gated(gate, -gate) * up


def _gated(x: mx.array, exponent: mx.array) -> mx.array:
    power = _view(exponent)
    # Beyond 80 the quotient is zero in float32; past 88 the power would overflow, with a warning.
    np.minimum(power, 80.0, out=power)
    np.exp(power, out=power)
    power += 1.0
    return x / exponent


class Linear(nn.Linear):
    """A linear layer that multiplies a single row in numpy."""

    def __call__(self, x: mx.array) -> mx.array:
        if not _is_row(x):
            return super().__call__(x)
        y = _times_row(self.weight, x)
        return y + self.bias if "bias" in self else y


class Embedding(nn.Embedding):
    """An embedding that as a head multiplies a single row in numpy."""

    def as_linear(self, x: mx.array) -> mx.array:
        return _times_row(self.weight, x) if _is_row(x) else super().as_linear(x)


class RMSNorm(nn.RMSNorm):
    """A norm that takes single positions in numpy: MLX makes ten small steps of it."""

    def __call__(self, x: mx.array) -> mx.array:
        if not _is_one(x):
            return super().__call__(x)
        mx.eval(x, self.weight)
        numbers = np.asarray(x)
        power = np.square(numbers).mean(axis=-1, keepdims=True)
        return mx.array(numbers / np.sqrt(power + np.float32(self.eps)) * np.asarray(self.weight))


def _is_one(x: mx.array) -> bool:
    """Whether [B, L, D] is a single position of each sequence."""
    return x.ndim == 3 and x.shape[1] == 1


def _is_row(x: mx.array) -> bool:
    """Whether [..., D] is one vector. Several are MLX's: the threads of two BLAS libraries get in each other's way."""
    return x.size == x.shape[-1]


def _times_row(weight: mx.array, x: mx.array) -> mx.array:
    """A single row [..., D] times the transpose of `weight` [rows, D] -> [..., rows].

    numpy has BLAS multiply a matrix by a vector, in the time that it takes to read the matrix. MLX has it multiply two
    matrices, which copies the large one into blocks first and takes twice as long.
    """
    mx.eval(x, weight)
    return mx.array(np.asarray(weight) @ np.asarray(x).reshape(-1)).reshape(*x.shape[:-1], -1)


_REPLACEMENTS: dict[type[nn.Module], type[nn.Module]] = {
    nn.Linear: Linear,
    nn.Embedding: Embedding,
    nn.RMSNorm: RMSNorm,
}


def replace_layers(model: nn.Module) -> None:
    """Every plain linear layer, embedding and RMS norm of a model becomes one of this module, with the same weights."""
    for module in model.modules():
        module.__class__ = _REPLACEMENTS.get(type(module), type(module))
