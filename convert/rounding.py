"""Learned rounding: a matrix packed so that what it makes of typical inputs changes least.

Scales are searched for each group; then column after column is rounded, and its error is made good by the columns to
its right, as far as inputs go together (GPTQ, https://arxiv.org/abs/2210.17323). Knows matrices alone: neither layers
nor files. Arithmetic in float32 numpy: the columns follow one after the other, which no device does faster.
"""

import mlx.core as mx
import numpy as np

from mlx_model.config import Quantization

_SHRUNK = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)  # of the range of a group; what lies outside is clipped
_DAMPING = 0.01
_WORDS_AT_ONCE = 1 << 22


def rounded(
    matrix: np.ndarray, moments: np.ndarray, packing: Quantization, dtype: mx.Dtype
) -> tuple[mx.array, mx.array, mx.array]:
    """A matrix [rows, width] float32 -> words uint32, scales and biases of `dtype`, as `mx.quantize` gives them.

    `moments` [width, width] float32: the sum of x x^T over typical inputs x. `matrix` is overwritten.
    """
    columns = np.ascontiguousarray(matrix.T)
    factor = _factor(moments)
    weights = np.diag(moments) + _DAMPING * np.diag(moments).mean() + 1e-12
    size, highest = packing.group_size, 2**packing.bits - 1
    width, rows = columns.shape
    codes = np.empty((width, rows), np.uint8)
    scales, biases = np.empty((2, width // size, rows), np.float32)
    errors = np.empty((size, rows), np.float32)
    for group, start in enumerate(range(0, width, size)):
        end = start + size
        scale, bias = _search(columns[start:end], weights[start:end], highest, dtype)
        scales[group], biases[group] = scale, bias
        for column in range(start, end):
            values = columns[column]
            code = np.clip(np.rint((values - bias) / scale), 0, highest)
            codes[column] = code
            error = (values - (code * scale + bias)) / factor[column, column]
            columns[column + 1 : end] -= factor[column, column + 1 : end, None] * error
            errors[column - start] = error
        columns[end:] -= factor[start:end, end:].T @ errors
    words = _words(codes.T, packing.bits)
    return mx.array(words), mx.array(scales.T).astype(dtype), mx.array(biases.T).astype(dtype)


def _factor(moments: np.ndarray) -> np.ndarray:
    """The upper Cholesky factor of the damped moments' inverse."""
    damped = moments.astype(np.float64)
    diagonal = np.einsum("ii->i", damped)
    diagonal += _DAMPING * diagonal.mean() + 1e-9
    factor: np.ndarray = np.linalg.cholesky(np.linalg.inv(damped)).T.astype(np.float32)
    return factor


def _search(group: np.ndarray, weights: np.ndarray, highest: int, dtype: mx.Dtype) -> tuple[np.ndarray, np.ndarray]:
    """Scale and bias [rows] of a group [size, rows] that lose least, each column's error weighted."""
    low, high = group.min(0), group.max(0)
    best = np.full(len(low), np.inf, np.float32)
    chosen = np.zeros((2, len(low)), np.float32)
    for shrunk in _SHRUNK:
        middle, half = (low + high) / 2, (high - low) / 2 * shrunk
        scale, bias = _storable(2 * half / highest, dtype), _storable(middle - half, dtype)
        scale[scale == 0] = 1
        code = np.clip(np.rint((group - bias) / scale), 0, highest)
        scale, bias = _fitted(group, code, weights, scale, bias, dtype)
        code = np.clip(np.rint((group - bias) / scale), 0, highest)
        loss = weights @ (code * scale + bias - group) ** 2
        better = loss < best
        best[better] = loss[better]
        chosen[:, better] = np.stack([scale, bias])[:, better]
    return chosen[0], chosen[1]


def _fitted(
    group: np.ndarray, code: np.ndarray, weights: np.ndarray, scale: np.ndarray, bias: np.ndarray, dtype: mx.Dtype
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted least squares for scale and bias with the codes as they are."""
    total = weights.sum()
    mean_code, mean = weights @ code / total, weights @ group / total
    centred = code - mean_code
    spread = weights @ centred**2
    slope = np.divide(weights @ (centred * group), spread, out=scale.copy(), where=spread > 1e-12)
    slope = np.where(slope > 0, slope, scale)
    fitted = _storable(slope, dtype)
    fitted[fitted == 0] = 1
    return fitted, _storable(mean - fitted * mean_code, dtype)


def _storable(values: np.ndarray, dtype: mx.Dtype) -> np.ndarray:
    """The nearest numbers that the file can hold."""
    return np.array(mx.array(values).astype(dtype).astype(mx.float32))


def _words(codes: np.ndarray, bits: int) -> np.ndarray:
    """Codes [rows, width] as one run of bits, the lowest first, in words of 32."""
    at_once = max(1, _WORDS_AT_ONCE // codes.shape[1])
    parts = []
    for start in range(0, len(codes), at_once):
        single = (codes[start : start + at_once, :, None] >> np.arange(bits, dtype=np.uint8)) & 1
        octets = np.packbits(single.reshape(len(single), -1), axis=1, bitorder="little")
        parts.append(np.ascontiguousarray(octets).view("<u4"))
    return np.concatenate(parts)
