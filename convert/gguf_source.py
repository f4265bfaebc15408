"""A SmolLM2 GGUF file as the start of a conversion: its own packing kept exactly.

Written for files that llama.cpp's converter makes of Llama-type models; whatever such a file may hold beyond that is
refused by name. Names: https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py
"""

import math
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from convert.gguf_blocks import PACKINGS, affine_from_blocks, undo_rope_order
from convert.gguf_file import GGUFFile, GGUFTensor, read_gguf
from convert.gguf_tokenizer import json_bytes, tokenizer_files
from convert.packing import PackedParameter, Parameter, finite
from convert.source import Source
from mlx_model.config import ModelConfig, TextConfig
from mlx_model.errors import CheckpointError, RefusedError
from mlx_model.loading.weights import check_names_and_shapes
from mlx_model.smolvlm import SmolVLM

_OUTER = {
    "token_embd.weight": "language_model.embed_tokens.weight",
    "output_norm.weight": "language_model.norm.weight",
    "output.weight": "language_model.lm_head.weight",
}
_IN_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_REFUSED_KEYS = ("llama.rope.scaling.type", "llama.expert_count", "llama.rope.scale_linear")


def open_gguf(path: Path) -> Source:
    """Read the header and the small tensors.

    Raises CheckpointError for a damaged file, RefusedError for another architecture, tokenizer or packing.
    """
    file = read_gguf(path)
    text = _text_config(file)
    tensors = {_our_name(file, name): tensor for name, tensor in file.tensors.items()}
    _check_depth(file, text)
    heads = {"q_proj": text.num_attention_heads, "k_proj": text.num_key_value_heads}
    reader = _Reader(file, heads, vector_dtype=_matrix_dtype(file.tensors["token_embd.weight"]))
    parameters = {name: reader.parameter(name, tensor) for name, tensor in tensors.items()}
    check_names_and_shapes(SmolVLM(ModelConfig("llama", text)), parameters, path)
    config = _config_json(file, text)
    special = {key: number for key, number in config.items() if key.endswith("_token_id")}
    files = tokenizer_files(file.metadata, str(path)) | {"generation_config.json": json_bytes(special)}
    return Source(config, files, list(parameters.values()), sum(tensor.nbytes for tensor in file.tensors.values()))


def _text_config(file: GGUFFile) -> TextConfig:
    metadata = file.metadata
    if (architecture := metadata.get("general.architecture")) != "llama":
        raise RefusedError(f"{file.path} is of the architecture {architecture!r}; only 'llama' (SmolLM2) is read.")
    if refused := [key for key in _REFUSED_KEYS if metadata.get(key) not in (None, 0, 1, "none")]:
        raise RefusedError(f"{file.path} states {refused[0]!r}, which no SmolLM2 has.")
    hidden_size, heads = _number(file, "embedding_length"), _number(file, "attention.head_count")
    kv_heads = _number(file, "attention.head_count_kv")
    head_dim = _number(file, "rope.dimension_count")
    if heads % kv_heads or head_dim * heads != hidden_size or "token_embd.weight" not in file.tensors:
        raise CheckpointError(
            f"{file.path}: {heads} heads of {head_dim}, {kv_heads} key heads and an embedding of {hidden_size} "
            "do not fit together. Get the file again."
        )
    return TextConfig(
        hidden_size=hidden_size,
        intermediate_size=_number(file, "feed_forward_length"),
        num_hidden_layers=_number(file, "block_count"),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=head_dim,
        rope_theta=_decimal(file, "rope.freq_base"),
        max_position_embeddings=_number(file, "context_length"),
        vocab_size=file.tensors["token_embd.weight"].shape[0],
        rms_norm_eps=_decimal(file, "attention.layer_norm_rms_epsilon"),
        tie_word_embeddings="output.weight" not in file.tensors,
    )


def _check_depth(file: GGUFFile, text: TextConfig) -> None:
    """Before that many layers are built."""
    held = len({name.split(".")[1] for name in file.tensors if name.startswith("blk.")})
    if held != text.num_hidden_layers:
        raise CheckpointError(
            f"{file.path}: 'llama.block_count' is {text.num_hidden_layers}, the file has {held} layers. Get it again."
        )


def _number(file: GGUFFile, key: str) -> int:
    value = file.metadata.get(f"llama.{key}")
    if not isinstance(value, int) or not 0 < value < 2**31:
        raise CheckpointError(f"{file.path}: 'llama.{key}' is {value!r}, expected a positive number.")
    return value


def _decimal(file: GGUFFile, key: str) -> float:
    """A float32 as the shortest decimal that means it: 1e-05, not 9.999999747378752e-06."""
    value = file.metadata.get(f"llama.{key}")
    if not isinstance(value, float) or not 0 < value < math.inf:
        raise CheckpointError(f"{file.path}: 'llama.{key}' is {value!r}, expected a positive number.")
    return float(str(np.float32(value)))


def _config_json(file: GGUFFile, text: TextConfig) -> dict[str, Any]:
    config: dict[str, Any] = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu"}
    config |= asdict(text)
    for key, name in (("bos", "bos"), ("eos", "eos"), ("pad", "padding")):
        if isinstance(number := file.metadata.get(f"tokenizer.ggml.{name}_token_id"), int):
            config[f"{key}_token_id"] = number
    return config


def _our_name(file: GGUFFile, name: str) -> str:
    if name in _OUTER:
        return _OUTER[name]
    match name.split("."):
        case ["blk", layer, module, "weight"] if module in _IN_LAYER and layer.isdecimal():
            return f"language_model.layers.{int(layer)}.{_IN_LAYER[module]}.weight"
    raise RefusedError(f"{file.path} holds '{name}', which no SmolLM2 has.")


def _matrix_dtype(tensor: GGUFTensor) -> mx.Dtype:
    """What a matrix is in MLX, expanded or with its scales: float16 for every packed type."""
    return {"F32": mx.float32, "BF16": mx.bfloat16}.get(tensor.type, mx.float16)


class _Reader:
    """Makes parameters of a file's tensors."""

    def __init__(self, file: GGUFFile, heads: dict[str, int], *, vector_dtype: mx.Dtype) -> None:
        self.file, self.heads, self.vector_dtype = file, heads, vector_dtype

    def parameter(self, name: str, tensor: GGUFTensor) -> Parameter | PackedParameter:
        if tensor.type not in PACKINGS:
            return Parameter(name, tensor.shape, self._dtype(tensor), partial(self._dense, name, tensor))
        if len(tensor.shape) != 2:
            raise CheckpointError(f"{self.file.path}: '{tensor.name}' is packed but no matrix. Get the file again.")
        return PackedParameter(name, tensor.shape, PACKINGS[tensor.type], partial(self._packed, name, tensor))

    def _dtype(self, tensor: GGUFTensor) -> mx.Dtype:
        """A norm, which files keep in float32, takes the matrices' dtype where that loses nothing: one norm in float32
        would turn every activation after it into float32.
        """
        if tensor.type != "F32" or len(tensor.shape) > 1:
            return _matrix_dtype(tensor)
        vector = self._numbers(tensor)
        is_exact = mx.array_equal(vector.astype(self.vector_dtype).astype(mx.float32), vector).item()
        return self.vector_dtype if is_exact else mx.float32

    def _numbers(self, tensor: GGUFTensor) -> mx.array:
        data = self.file.read(tensor)
        return mx.array(data).view(_matrix_dtype(tensor)).reshape(tensor.shape)

    def _dense(self, name: str, tensor: GGUFTensor) -> mx.array:
        return self._in_order(name, finite(self._numbers(tensor), f"{self.file.path}: '{tensor.name}'"))

    def _packed(self, name: str, tensor: GGUFTensor) -> tuple[mx.array, mx.array, mx.array]:
        words, scales, biases = affine_from_blocks(self.file.read(tensor), tensor.shape[0], tensor.type)
        if not (np.isfinite(scales).all() and np.isfinite(biases).all()):
            raise CheckpointError(f"{self.file.path}: the scales of '{tensor.name}' are not finite. Get it again.")
        in_order = [self._in_order(name, mx.array(part)) for part in (words, scales, biases)]
        return in_order[0], in_order[1], in_order[2]

    def _in_order(self, name: str, rows: mx.array) -> mx.array:
        heads = self.heads.get(name.split(".")[-2])
        return rows if heads is None else undo_rope_order(rows, heads)
