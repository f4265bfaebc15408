"""Small pairs of GGUF files as llama.cpp's converter would write a SmolVLM: its decoder, and its encoder as mmproj.

Made from the hub-form tensors of `tests.checkpoints`, apart from `convert`, in the other direction. Names and keys:
https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py
"""

from pathlib import Path
from typing import Any

import numpy as np

from tests.byte_tokenizer import SPECIAL, byte_tokenizer
from tests.checkpoints import CHAT_TEMPLATE, added_tokens, model_config
from tests.gguf_files import BOOL, F32, LAYER_NAMES, STRING, U32, Changes, header, interleaved, metadata, pack, padded

Metadata = dict[str, tuple[int, Any]]
VISION_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.out_proj": "attn_out",
    "mlp.fc1": "ffn_up",
    "mlp.fc2": "ffn_down",
    "layer_norm1": "ln1",
    "layer_norm2": "ln2",
}
OUTER = {
    "model.text_model.embed_tokens": "token_embd",
    "model.text_model.norm": "output_norm",
    "lm_head": "output",
    "model.vision_model.embeddings.patch_embedding": "v.patch_embd",
    "model.vision_model.embeddings.position_embedding": "v.position_embd",
    "model.vision_model.post_layernorm": "v.post_ln",
    "model.connector.modality_projection.proj": "mm.model.fc",
}


def gguf_name(name: str, *, swapped: bool = False) -> str:
    """A hub tensor's name in its file. `swapped`: fc1 and fc2 as the earliest files have them."""
    module, _, kind = name.rpartition(".")
    if module in OUTER:
        return f"{OUTER[module]}.{kind}"
    before, _, path = module.partition(".layers.")
    layer, _, path = path.partition(".")
    if "text_model" in before:
        return f"blk.{layer}.{LAYER_NAMES[path]}.{kind}"
    theirs = VISION_NAMES[path]
    if swapped:
        theirs = {"ffn_up": "ffn_down", "ffn_down": "ffn_up"}.get(theirs, theirs)
    return f"v.blk.{layer}.{theirs}.{kind}"


def write_pair(
    folder: Path,
    preset: str,
    weights: dict[str, np.ndarray],
    *,
    matrices: str = "F16",
    swapped: bool = False,
    changes: Changes | None = None,
    encoder_changes: Changes | None = None,
) -> tuple[Path, Path, dict[str, np.ndarray]]:
    """Write both files; the numbers that they hold, by the hub's names, float32. `matrices`: the type of all that a
    block of 32 divides; others are F16, vectors and the encoder's embeddings F32.
    """
    config = model_config(preset)
    text = config["text_config"]
    heads = {"q_proj": text["num_attention_heads"], "k_proj": text["num_key_value_heads"]}
    halves: dict[bool, list[tuple[str, tuple[int, ...], str, bytes]]] = {True: [], False: []}
    held = {}
    for name, array in weights.items():
        sees = name.startswith(("model.vision_model.", "model.connector."))
        kind = "F32" if array.ndim == 1 or ".embeddings." in name else matrices if array.shape[1] % 32 == 0 else "F16"
        data, held[name] = pack(array, kind)
        if not sees and (shared := heads.get(name.split(".")[-2])):
            data, _ = pack(interleaved(array, shared), kind)
        halves[sees].append((gguf_name(name, swapped=swapped), array.shape, kind, data))
    folder.mkdir(exist_ok=True)
    files = folder / "model.gguf", folder / "mmproj-model.gguf"
    stated = (metadata(decoder_metadata(preset, config) | (changes or {})), _changed(config, encoder_changes or {}))
    for path, values, tensors in zip(files, stated, (halves[False], halves[True]), strict=True):
        path.write_bytes(header(values, tensors) + b"".join(padded(data) for *_, data in tensors))
    return *files, held


def decoder_metadata(preset: str, config: dict[str, Any]) -> Changes:
    """What differs from a SmolLM2's: sizes, the tokens that SmolVLM adds, and its chat template."""
    text, added = config["text_config"], added_tokens(preset)
    words = [*byte_tokenizer(text["vocab_size"] - len(added), added)["model"]["vocab"], *added]
    return {
        "llama.block_count": (U32, text["num_hidden_layers"]),
        "llama.context_length": (U32, text["max_position_embeddings"]),
        "llama.embedding_length": (U32, text["hidden_size"]),
        "llama.feed_forward_length": (U32, text["intermediate_size"]),
        "llama.attention.head_count": (U32, text["num_attention_heads"]),
        "llama.attention.head_count_kv": (U32, text["num_key_value_heads"]),
        "llama.rope.freq_base": (F32, float(text["rope_theta"])),
        "llama.rope.dimension_count": (U32, text["head_dim"]),
        "llama.vocab_size": (U32, text["vocab_size"]),
        "tokenizer.ggml.tokens": (STRING, words),
        "tokenizer.ggml.token_type": (U32, [3 if word in {*SPECIAL, *added} else 1 for word in words]),
        "tokenizer.ggml.eos_token_id": (U32, text["vocab_size"] - 1),
        "tokenizer.chat_template": (STRING, CHAT_TEMPLATE),
    }


def _changed(config: dict[str, Any], changes: Changes) -> Metadata:
    """mmproj's keys. The epsilon is what llama.cpp's converter writes where a checkpoint states none."""
    vision = config["vision_config"]
    values: Metadata = {
        "general.architecture": (STRING, "clip"),
        "clip.has_vision_encoder": (BOOL, True),
        "clip.projector_type": (STRING, "idefics3"),
        "clip.use_gelu": (BOOL, True),
        "clip.vision.image_size": (U32, vision["image_size"]),
        "clip.vision.patch_size": (U32, vision["patch_size"]),
        "clip.vision.embedding_length": (U32, vision["hidden_size"]),
        "clip.vision.feed_forward_length": (U32, vision["intermediate_size"]),
        "clip.vision.block_count": (U32, vision["num_hidden_layers"]),
        "clip.vision.projection_dim": (U32, config["text_config"]["hidden_size"]),
        "clip.vision.attention.head_count": (U32, vision["num_attention_heads"]),
        "clip.vision.attention.layer_norm_epsilon": (F32, 1e-5),
        "clip.vision.projector.scale_factor": (U32, config["scale_factor"]),
        "clip.vision.image_mean": (F32, [0.5, 0.5, 0.5]),
        "clip.vision.image_std": (F32, [0.5, 0.5, 0.5]),
    }
    return {key: value for key, value in (values | changes).items() if value is not None}
