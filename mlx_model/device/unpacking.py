"""Packed matrices made float32 in numpy, a block of rows at a time, so that a block stays in the processor's cache.

MLX's own unpacking on a CPU goes through memory once for each of its steps: it takes five times as long at 4 and 8
bits, ten times at 6, and the numbers are the same. The form is MLX's affine one: codes as one run of bits, the lowest
first.
"""

import numpy as np


def unpack_into(out: np.ndarray, words: np.ndarray, scales: np.ndarray, biases: np.ndarray, bits: int) -> None:
    """Words [rows, width * bits / 32], float32 scales and biases [rows, groups] -> float32 `out` [rows, width]."""
    rows, width = out.shape
    _codes_into(out, words, bits)
    grouped = out.reshape(rows, scales.shape[1], -1)
    grouped *= scales[..., None]
    grouped += biases[..., None]


def widen_into(out: np.ndarray, numbers: np.ndarray) -> None:
    """The bits of bfloat16 numbers, uint16 -> the same numbers in `out`, float32 of the same shape."""
    words = out.view(np.uint32)
    np.copyto(words, numbers)
    words <<= 16


def _codes_into(out: np.ndarray, words: np.ndarray, bits: int) -> None:
    """A byte holds whole codes where their bits divide it; else eight codes lie in as many bytes as one has bits."""
    size = 1 if 8 % bits == 0 else bits
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(len(out), -1, size)
    codes = out.reshape(len(out), -1, 8 * size // bits)
    for number in range(codes.shape[-1]):
        byte, shift = divmod(number * bits, 8)
        code = octets[..., byte] >> shift
        if shift + bits > 8:
            code |= octets[..., byte + 1] << (8 - shift)
        code &= 2**bits - 1
        codes[..., number] = code
