"""Small GGUF files of a Llama-type model, as llama.cpp's converter would write them, made from a seed with numpy alone.

Written apart from `convert`, in the other direction, so that the two check each other; a test may also write a broken
one. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np

from tests.byte_tokenizer import FIRST_ADDED, MERGES, SPECIAL, byte_tokenizer
from tests.checkpoints import CHATML_TEMPLATE, model_config, tensors

TYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 8, "BF16": 30}
ALIGNMENT = 32
U32, F32, BOOL, STRING, ARRAY, U64 = 4, 6, 7, 8, 9, 10

Changes = dict[str, tuple[int, Any] | None]

NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def smollm2_weights(*, tied: bool = True, seed: int = 0) -> dict[str, np.ndarray]:
    """The weights of the small SmolLM2 of `tests.checkpoints`, by the hub's names; norms as bfloat16 holds them."""
    weights = tensors(model_config("smollm2", tied=tied), seed=seed)
    for name, array in weights.items():
        if array.ndim == 1:
            weights[name] = (array.view(np.uint32) & 0xFFFF0000).view(np.float32)
    return weights


def metadata(changes: Changes) -> dict[str, tuple[int, Any]]:
    """Keys with their type and value, as for the small SmolLM2; a change of None takes a key away."""
    text = model_config("smollm2")
    words = list(byte_tokenizer(FIRST_ADDED, ())["model"]["vocab"])
    values: dict[str, tuple[int, Any]] = {
        "general.architecture": (STRING, "llama"),
        "general.alignment": (U32, ALIGNMENT),
        "llama.block_count": (U32, text["num_hidden_layers"]),
        "llama.context_length": (U32, 8192),
        "llama.embedding_length": (U32, text["hidden_size"]),
        "llama.feed_forward_length": (U32, text["intermediate_size"]),
        "llama.attention.head_count": (U32, text["num_attention_heads"]),
        "llama.attention.head_count_kv": (U32, text["num_key_value_heads"]),
        "llama.attention.layer_norm_rms_epsilon": (F32, 1e-5),
        "llama.rope.freq_base": (F32, 100000.0),
        "llama.rope.dimension_count": (U32, text["head_dim"]),
        "tokenizer.ggml.model": (STRING, "gpt2"),
        "tokenizer.ggml.pre": (STRING, "smollm"),
        "tokenizer.ggml.tokens": (STRING, words),
        "tokenizer.ggml.token_type": (U32, [3 if word in SPECIAL else 1 for word in words]),
        "tokenizer.ggml.merges": (STRING, [" ".join(pair) for pair in MERGES]),
        "tokenizer.ggml.bos_token_id": (U32, 1),
        "tokenizer.ggml.eos_token_id": (U32, 2),
        "tokenizer.ggml.unknown_token_id": (U32, 0),
        "tokenizer.ggml.padding_token_id": (U32, 2),
        "tokenizer.ggml.add_bos_token": (BOOL, False),
        "tokenizer.chat_template": (STRING, CHATML_TEMPLATE),
    }
    return {key: value for key, value in (values | changes).items() if value is not None}


def write_gguf(
    path: Path,
    weights: dict[str, np.ndarray] | None = None,
    *,
    matrices: str = "Q4_1",
    embeddings: str = "Q8_0",
    extra: dict[str, np.ndarray] | None = None,
    changes: Changes | None = None,
) -> dict[str, np.ndarray]:
    """Write a file; the weights as it now holds them, by the hub's names and in the hub's order of rows, float32.

    `matrices`, `embeddings`: the types of the layers' matrices and of embeddings and head. `extra`: more tensors, by
    GGUF's names. `changes`: of the metadata.
    """
    weights = weights if weights is not None else smollm2_weights()
    tensors: list[tuple[str, tuple[int, ...], str, bytes]] = []
    held: dict[str, np.ndarray] = {}
    for name, array in weights.items():
        kind = "F32" if array.ndim == 1 else matrices if ".layers." in name else embeddings
        data, held[name] = pack(array, kind)
        if heads := _heads(name):
            data, _ = pack(interleaved(array, heads), kind)
        tensors.append((gguf_name(name), array.shape, kind, data))
    tensors += [(name, array.shape, "F32", array.tobytes()) for name, array in (extra or {}).items()]
    path.write_bytes(header(metadata(changes or {}), tensors) + b"".join(padded(data) for *_, data in tensors))
    return held


def gguf_name(name: str) -> str:
    if name in NAMES:
        return NAMES[name]
    _, _, layer, module = name.removesuffix(".weight").split(".", 3)
    return f"blk.{layer}.{LAYER_NAMES[module]}.weight"


def _heads(name: str) -> int | None:
    text = model_config("smollm2")
    counts = {"q_proj": text["num_attention_heads"], "k_proj": text["num_key_value_heads"]}
    return counts.get(name.split(".")[-2])


def interleaved(rows: np.ndarray, heads: int) -> np.ndarray:
    """q_proj's or k_proj's rows as llama.cpp wants them: a head's halves shuffled into each other."""
    per_head = np.split(rows, heads)
    return np.concatenate([np.stack(np.split(head, 2), axis=1).reshape(head.shape) for head in per_head])


def header(values: dict[str, tuple[int, Any]], tensors: list[tuple[str, tuple[int, ...], str, bytes]]) -> bytes:
    """Everything before the data, padded."""
    result = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values))
    for key, (kind, value) in values.items():
        result += _string(key) + _value(kind, value)
    offset = 0
    for name, shape, type_name, data in tensors:
        result += _string(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape[::-1])
        result += struct.pack("<IQ", TYPES[type_name], offset)
        offset += len(padded(data))
    return padded(result)


def _value(kind: int, value: Any) -> bytes:
    if isinstance(value, list):
        return struct.pack("<IIQ", ARRAY, kind, len(value)) + b"".join(_scalar(kind, item) for item in value)
    return struct.pack("<I", kind) + _scalar(kind, value)


def _scalar(kind: int, value: Any) -> bytes:
    return _string(value) if kind == STRING else struct.pack({U32: "<I", F32: "<f", BOOL: "<?", U64: "<Q"}[kind], value)


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % ALIGNMENT)


def pack(array: np.ndarray, kind: str) -> tuple[bytes, np.ndarray]:
    """An array in one of GGUF's types: its bytes, and the float32 numbers that they mean."""
    if kind == "F32":
        return array.astype("<f4").tobytes(), array
    if kind == "F16":
        return array.astype("<f2").tobytes(), array.astype(np.float16).astype(np.float32)
    if kind == "BF16":
        bits = array.view(np.uint32) >> 16
        return bits.astype("<u2").tobytes(), (bits.astype(np.uint32) << 16).view(np.float32)
    blocks = array.reshape(-1, 32)
    packed, numbers = {"Q8_0": _q8_0, "Q4_0": _q4_0, "Q4_1": _q4_1}[kind](blocks)
    return packed.tobytes(), numbers.astype(np.float32).reshape(array.shape)


def _q8_0(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = (np.abs(blocks).max(axis=1, keepdims=True) / 127).astype(np.float16)
    codes = np.clip(np.round(blocks / scale), -127, 127).astype(np.int8)
    return np.hstack([scale.view(np.uint8), codes.view(np.uint8)]), scale.astype(np.float32) * codes


def _q4_0(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = (np.abs(blocks).max(axis=1, keepdims=True) / -8).astype(np.float16)
    codes = np.clip(np.round(blocks / scale) + 8, 0, 15).astype(np.uint8)
    return np.hstack([scale.view(np.uint8), _nibbles(codes)]), scale.astype(np.float32) * (codes.astype(np.int8) - 8)


def _q4_1(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = blocks.min(axis=1, keepdims=True), blocks.max(axis=1, keepdims=True)
    scale, minimum = ((high - low) / 15).astype(np.float16), low.astype(np.float16)
    codes = np.clip(np.round((blocks - minimum) / scale), 0, 15).astype(np.uint8)
    numbers = scale.astype(np.float32) * codes + minimum.astype(np.float32)
    return np.hstack([scale.view(np.uint8), minimum.view(np.uint8), _nibbles(codes)]), numbers


def _nibbles(codes: np.ndarray) -> np.ndarray:
    return codes[:, :16] | codes[:, 16:] << 4
