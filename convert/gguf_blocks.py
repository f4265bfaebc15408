"""GGUF's blocks of 32 weights as MLX's affine groups of 32, to the last bit.

Q4_1 is scale * q + minimum, which is MLX's own form. Q4_0 and Q8_0 are scale * q with signed q: q counts from 8 or 128
in MLX's unsigned codes, and the bias is -8 or -128 scales, exact in float16; only a zero may lose its sign. Layouts:
`block_q4_0`, `block_q4_1` and `block_q8_0` in https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-common.h
"""

import mlx.core as mx
import numpy as np

from convert.gguf_file import BLOCKS
from mlx_model.config import Quantization

GROUP_SIZE = 32
PACKINGS = {
    "Q4_0": Quantization(GROUP_SIZE, 4),
    "Q4_1": Quantization(GROUP_SIZE, 4),
    "Q8_0": Quantization(GROUP_SIZE, 8),
}
BLOCK_BYTES = {name: size for name, _, size in BLOCKS.values()}


def affine_from_blocks(data: np.ndarray, rows: int, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The bytes of a packed matrix [rows, width] -> words uint32 [rows, width * bits / 32], and scales and biases
    float16 [rows, width / 32]. What overflows float16 is infinite.
    """
    blocks = data.reshape(rows, -1, BLOCK_BYTES[kind])
    scales = _halves(blocks, 0)
    if kind == "Q8_0":
        codes = blocks[..., 2:] ^ 0x80  # two's complement to an offset of 128
        return _words(codes), scales, _times(scales, -128)
    if kind == "Q4_0":
        return _words(_nibbles_in_order(blocks[..., 2:])), scales, _times(scales, -8)
    assert kind == "Q4_1"
    return _words(_nibbles_in_order(blocks[..., 4:])), scales, _halves(blocks, 2)


def _halves(blocks: np.ndarray, start: int) -> np.ndarray:
    """The float16 that stands at byte `start` of every block."""
    return np.ascontiguousarray(blocks[..., start : start + 2]).view("<f2")[..., 0]


def _times(scales: np.ndarray, factor: int) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        return scales * np.float16(factor)


def _nibbles_in_order(packed: np.ndarray) -> np.ndarray:
    """A block has weight i in the low half of byte i, weight i + 16 in its high half; MLX puts neighbours together."""
    codes = np.concatenate([packed & 0x0F, packed >> 4], axis=-1)
    return codes[..., 0::2] | codes[..., 1::2] << 4


def _words(codes: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(codes).reshape(len(codes), -1).view("<u4")


def undo_rope_order(rows: mx.array, heads: int) -> mx.array:
    """Rows of q_proj or k_proj as the checkpoint had them.

    llama.cpp rotates neighbouring rows of a head together, the checkpoint a row of the first half with one of the
    second; its converter reorders the rows [heads, 2, half] as [heads, half, 2].
    """
    half = len(rows) // heads // 2
    return rows.reshape(heads, half, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)
