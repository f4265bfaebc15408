"""A GGUF file as the start of a conversion, SmolLM2's alone or SmolVLM's with its encoder: packing kept exactly.

Written for files that llama.cpp's converter makes of Llama-type models; whatever such a file may hold beyond that is
refused by name. Names: https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py
"""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import mlx.core as mx

from convert.gguf_blocks import undo_rope_order
from convert.gguf_encoder import Encoder, is_encoder, open_encoder, preprocessor_config
from convert.gguf_file import GGUFFile, read_gguf
from convert.gguf_parameters import Parameters, matrix_dtype
from convert.gguf_tokenizer import json_bytes, tokenizer_files
from convert.packing import PackedParameter, Parameter
from convert.source import Source
from mlx_model.config import ModelConfig, TextConfig
from mlx_model.errors import CheckpointError, RefusedError
from mlx_model.loading.weights import check_names_and_shapes
from mlx_model.prompting.tokenizer import IMAGE
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
_SPECIAL = (("bos", "bos"), ("eos", "eos"), ("pad", "padding"))
_REFUSED_KEYS = ("llama.rope.scaling.type", "llama.expert_count", "llama.rope.scale_linear")


def open_gguf(path: Path, mmproj: Path | None = None) -> Source:
    """Read the header and the small tensors. `mmproj` is the half that sees, in llama.cpp a file of its own.

    Raises CheckpointError for a damaged file, RefusedError for another architecture, tokenizer or packing, and for two
    files that do not belong together.
    """
    file = read_gguf(path)
    if is_encoder(file):
        raise RefusedError(f"{path} is the half that sees: convert the other one, and name this with --mmproj.")
    text = _text_config(file)
    parameters = _decoder_parameters(file, text)
    special = _special_tokens(file)
    files = tokenizer_files(file.metadata, str(path)) | {"generation_config.json": json_bytes(special)}
    nbytes = file.nbytes
    if mmproj is None:
        model = ModelConfig("llama", text)
        config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"} | _text_json(text) | special
    else:
        seeing = read_gguf(mmproj)
        encoder = open_encoder(seeing)
        model, config = _joined(file, text, encoder)
        parameters |= encoder.parameters
        nbytes += seeing.nbytes
        processor = {"image_seq_len": model.tokens_per_tile, "processor_class": "SmolVLMProcessor"}
        files["processor_config.json"] = json_bytes(processor)
        files["preprocessor_config.json"] = json_bytes(preprocessor_config(encoder))
    check_names_and_shapes(SmolVLM(model), parameters, path if mmproj is None else f"{path} with {mmproj.name}")
    return Source(config, files, list(parameters.values()), nbytes)


def _decoder_parameters(file: GGUFFile, text: TextConfig) -> dict[str, Parameter | PackedParameter]:
    _check_depth(file, text)
    heads = {"q_proj": text.num_attention_heads, "k_proj": text.num_key_value_heads}
    reader = Parameters(file, vector_dtype=matrix_dtype(file.tensors["token_embd.weight"]))
    parameters = {}
    for tensor in file.tensors.values():
        name = _our_name(file, tensor.name)
        shared = heads.get(name.split(".")[-2])
        in_order = _as_it_lies if shared is None else partial(undo_rope_order, heads=shared)
        parameters[name] = reader.parameter(name, tensor, in_order)
    return parameters


def _as_it_lies(array: mx.array) -> mx.array:
    return array


def _text_config(file: GGUFFile) -> TextConfig:
    metadata = file.metadata
    if (architecture := metadata.get("general.architecture")) != "llama":
        raise RefusedError(f"{file.path} is of the architecture {architecture!r}; only 'llama' (SmolLM2) is read.")
    if refused := [key for key in _REFUSED_KEYS if metadata.get(key) not in (None, 0, 1, "none")]:
        raise RefusedError(f"{file.path} states {refused[0]!r}, which no SmolLM2 has.")
    hidden_size, heads = file.number("llama.embedding_length"), file.number("llama.attention.head_count")
    kv_heads = file.number("llama.attention.head_count_kv")
    head_dim = file.number("llama.rope.dimension_count")
    if heads % kv_heads or head_dim * heads != hidden_size or "token_embd.weight" not in file.tensors:
        raise CheckpointError(
            f"{file.path}: {heads} heads of {head_dim}, {kv_heads} key heads and an embedding of {hidden_size} "
            "do not fit together. Get the file again."
        )
    return TextConfig(
        hidden_size=hidden_size,
        intermediate_size=file.number("llama.feed_forward_length"),
        num_hidden_layers=file.number("llama.block_count"),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=head_dim,
        rope_theta=file.decimal("llama.rope.freq_base"),
        max_position_embeddings=file.number("llama.context_length"),
        vocab_size=file.tensors["token_embd.weight"].shape[0],
        rms_norm_eps=file.decimal("llama.attention.layer_norm_rms_epsilon"),
        tie_word_embeddings="output.weight" not in file.tensors,
    )


def _check_depth(file: GGUFFile, text: TextConfig) -> None:
    """Before that many layers are built."""
    held = len({name.split(".")[1] for name in file.tensors if name.startswith("blk.")})
    if held != text.num_hidden_layers:
        raise CheckpointError(
            f"{file.path}: 'llama.block_count' is {text.num_hidden_layers}, the file has {held} layers. Get it again."
        )


def _special_tokens(file: GGUFFile) -> dict[str, int]:
    found = {f"{ours}_token_id": file.metadata.get(f"tokenizer.ggml.{theirs}_token_id") for ours, theirs in _SPECIAL}
    return {key: number for key, number in found.items() if isinstance(number, int)}


def _text_json(text: TextConfig) -> dict[str, Any]:
    return {"hidden_act": "silu"} | asdict(text)


def _joined(file: GGUFFile, text: TextConfig, encoder: Encoder) -> tuple[ModelConfig, dict[str, Any]]:
    """Decoder and encoder as one model, with its config.json. Raises RefusedError for a decoder without an <image>."""
    words = file.metadata.get("tokenizer.ggml.tokens")
    if not isinstance(words, list) or IMAGE not in words:
        raise RefusedError(f"{file.path} has no token {IMAGE}: it is no SmolVLM's, so no mmproj file goes with it.")
    image_token_id = words.index(IMAGE)
    model = ModelConfig("smolvlm", text, encoder.vision, encoder.scale_factor, image_token_id)
    vision = {"model_type": "smolvlm_vision", "hidden_act": "gelu_pytorch_tanh"} | asdict(encoder.vision)
    config = {
        "model_type": "smolvlm",
        "architectures": ["SmolVLMForConditionalGeneration"],
        "image_token_id": image_token_id,
        "scale_factor": encoder.scale_factor,
        "vocab_size": text.vocab_size,
        "tie_word_embeddings": text.tie_word_embeddings,
        "text_config": {"model_type": "llama"} | _text_json(text) | _special_tokens(file),
        "vision_config": vision,
    }
    return model, config


def _our_name(file: GGUFFile, name: str) -> str:
    if name in _OUTER:
        return _OUTER[name]
    match name.split("."):
        case ["blk", layer, module, "weight"] if module in _IN_LAYER and layer.isdecimal():
            return f"language_model.layers.{int(layer)}.{_IN_LAYER[module]}.weight"
    raise RefusedError(f"{file.path} holds '{name}', which no SmolLM2 has.")
