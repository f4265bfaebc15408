"""Small random checkpoints in the forms that people have on disk, made from a seed with numpy alone.

`write_checkpoint(folder, "2.2b-v1")` writes the files that the hub has for that model: configs, chat template,
tokenizer and safetensors. Depth and width are shrunk, the traps are kept: a 27 x 27 grid whose tile no patch size
divides, pixel shuffle by 3, an MLP width that no quantization group divides (269 * 2 for 269 * 16), 9 query heads on 3
key heads, row and column tags that are plain text. `real_size=True` keeps the published sizes. Knows nothing of MLX
or torch.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tests.byte_tokenizer import ADDED_TAGS, ADDED_V1, FIRST_ADDED, byte_tokenizer
from tests.safetensors_files import save_tensors

Layout = Literal["hub", "mlx-community"]
PRESETS = ("256m", "500m", "2.2b", "256m-v1", "2.2b-v1", "smollm2")

CHAT_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}"
    "{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
CHATML_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

_INTO_THE_RESIDUAL = ("embedding", "embed_tokens", "out_proj", "o_proj", "fc2", "down_proj", "modality_projection")

# hidden, MLP, layers, query heads, key heads: of the decoder; then of the encoder (one kind of head).
_REAL_TEXT = {
    "256m": (576, 1536, 30, 9, 3),
    "500m": (960, 2560, 32, 15, 5),
    "2.2b": (2048, 8192, 24, 32, 32),
    "smollm2": (576, 1536, 30, 9, 3),
}
_SMALL_TEXT = {
    "256m": (576, 192, 2, 9, 3),
    "500m": (480, 256, 2, 15, 5),
    "2.2b": (256, 384, 2, 4, 4),
    "smollm2": (192, 256, 2, 3, 1),
}
# hidden, MLP, layers, heads, tile in pixels, patch in pixels, pixel shuffle
_REAL_VISION = {"256m": (768, 3072, 12, 12, 512, 16, 4), "2.2b": (1152, 4304, 27, 16, 384, 14, 3)}
_SMALL_VISION = {"256m": (64, 192, 2, 2, 64, 4, 4), "2.2b": (288, 538, 2, 4, 110, 4, 3)}


def write_checkpoint(
    folder: Path,
    preset: str = "256m",
    *,
    layout: Layout = "hub",
    shards: int = 1,
    dtype: str = "float32",
    tied: bool | None = None,
    rope_in: Literal["text_config", "rope_parameters"] = "text_config",
    seed: int = 0,
    tokenizer: Path | None = None,
    real_size: bool = False,
) -> Path:
    """Write a whole checkpoint of seeded random weights into `folder` (made if absent) and return it.

    `dtype`: float32, float16 or bfloat16. `tied` defaults to what is published: SmolVLM untied, SmolLM2 tied.
    `tokenizer`: a tokenizer.json to copy; without one, a small byte-level tokenizer with the same added tokens.
    """
    config = model_config(preset, tied=tied, rope_in=rope_in, real_size=real_size)
    write_configs(folder, preset, config, tokenizer=tokenizer)
    save_tensors(folder, tensors(config, layout=layout, seed=seed), shards=shards, dtype=dtype)
    return folder


def model_config(
    preset: str, *, tied: bool | None = None, rope_in: str = "text_config", real_size: bool = False
) -> dict[str, Any]:
    """The `config.json` of a preset, as the hub has it."""
    text = _text_config(preset, real_size)
    tied = preset == "smollm2" if tied is None else tied
    text["tie_word_embeddings"] = tied
    if rope_in == "rope_parameters":
        text["rope_parameters"] = {"rope_theta": text.pop("rope_theta"), "rope_type": "default"}
    if preset == "smollm2":
        return {"architectures": ["LlamaForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, **text}
    kind = "idefics3" if preset.endswith("-v1") else "smolvlm"
    sizes = (_REAL_VISION if real_size else _SMALL_VISION)["2.2b" if preset.startswith("2.2b") else "256m"]
    hidden, mlp, layers, heads, tile, patch, scale = sizes
    vision = {
        "model_type": "idefics3" if kind == "idefics3" else "smolvlm_vision",
        "hidden_size": hidden,
        "intermediate_size": mlp,
        "num_hidden_layers": layers,
        "image_size": tile,
        "patch_size": patch,
        "num_attention_heads": heads,
    }
    return {
        "model_type": kind,
        "architectures": [f"{'Idefics3' if kind == 'idefics3' else 'SmolVLM'}ForConditionalGeneration"],
        "image_token_id": text["vocab_size"] - len(added_tokens(preset)) + added_tokens(preset).index("<image>"),
        "scale_factor": scale,
        "vocab_size": text["vocab_size"],
        "tie_word_embeddings": tied,
        "pad_token_id": 128002,
        "text_config": text,
        "vision_config": vision,
    }


def _text_config(preset: str, real_size: bool) -> dict[str, Any]:
    size = preset.removesuffix("-v1")
    hidden, mlp, layers, heads, kv_heads = (_REAL_TEXT if real_size else _SMALL_TEXT)[size]
    first_added = 49152 if real_size else FIRST_ADDED
    rope = {"2.2b-v1": 273768.0, "2.2b": 130000}.get(preset, 100000)
    return {
        "model_type": "llama",
        "hidden_size": hidden,
        "intermediate_size": mlp,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": hidden // heads,
        "rope_theta": rope,
        "max_position_embeddings": 16384 if preset == "2.2b-v1" else 8192,
        "vocab_size": first_added + len(added_tokens(preset)),
        "rms_norm_eps": 1e-05,
        "hidden_act": "silu",
        "pad_token_id": 2,
    }


def added_tokens(preset: str) -> tuple[str, ...]:
    """The tokens that the preset adds to SmolLM2's vocabulary, in the order of their ids."""
    return {"2.2b-v1": ADDED_V1, "smollm2": ()}.get(preset, ADDED_TAGS)


def write_configs(folder: Path, preset: str, config: dict[str, Any], *, tokenizer: Path | None = None) -> None:
    """Write everything of a checkpoint but its weights."""
    folder.mkdir(parents=True, exist_ok=True)
    text = config.get("text_config", config)
    end = 2 if preset == "smollm2" else text["vocab_size"] - 1
    special = {"bos_token": "<|im_start|>", "pad_token": "<|im_end|>", "unk_token": "<|endoftext|>"}
    tokenizer_config = {
        "tokenizer_class": "GPT2Tokenizer",
        **special,
        "eos_token": "<|im_end|>" if preset == "smollm2" else "<end_of_utterance>",
        "model_max_length": text["max_position_embeddings"],
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
    }
    files: dict[str, Any] = {
        "config.json": config,
        "generation_config.json": {"bos_token_id": 1, "eos_token_id": end, "pad_token_id": 2},
        "tokenizer_config.json": tokenizer_config,
    }
    if preset == "smollm2":
        tokenizer_config["chat_template"] = CHATML_TEMPLATE
    else:
        name = "Idefics3" if preset.endswith("-v1") else "SmolVLM"
        tokenizer_config["processor_class"] = "SmolVLMProcessor"
        files["chat_template.json"] = {"chat_template": CHAT_TEMPLATE}
        files["preprocessor_config.json"] = _preprocessor_config(config, name)
        files["processor_config.json"] = {"image_seq_len": _image_tokens(config), "processor_class": f"{name}Processor"}
    for file_name, content in files.items():
        (folder / file_name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if tokenizer is not None:
        shutil.copyfile(tokenizer, folder / "tokenizer.json")
    else:
        added = added_tokens(preset)
        built = byte_tokenizer(text["vocab_size"] - len(added), added)
        (folder / "tokenizer.json").write_text(json.dumps(built, ensure_ascii=False), encoding="utf-8")


def _image_tokens(config: dict[str, Any]) -> int:
    vision = config["vision_config"]
    return int(vision["image_size"] // vision["patch_size"] // config["scale_factor"]) ** 2


def _preprocessor_config(config: dict[str, Any], name: str) -> dict[str, Any]:
    tile = config["vision_config"]["image_size"]
    steps = ("convert_rgb", "image_splitting", "normalize", "pad", "rescale", "resize")
    result: dict[str, Any] = {f"do_{step}": True for step in steps}
    result |= {
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "image_processor_type": f"{name}ImageProcessor",
        "max_image_size": {"longest_edge": tile},
        "size": {"longest_edge": 4 * tile},
        "resample": 1,
        "rescale_factor": 0.00392156862745098,
        "processor_class": f"{name}Processor",
    }
    if name == "SmolVLM":
        result["video_sampling"] = {"fps": 1, "max_frames": 64, "video_size": {"longest_edge": tile}}
    return result


def tensors(config: dict[str, Any], *, layout: Layout = "hub", seed: int = 0) -> dict[str, np.ndarray]:
    """Every tensor of a checkpoint as float32, by the names of `layout`."""
    return dict(stream_tensors(config, layout=layout, seed=seed))


def stream_tensors(
    config: dict[str, Any], *, layout: Layout = "hub", seed: int = 0
) -> Iterator[tuple[str, np.ndarray]]:
    """The same one by one, for shapes whose whole would not fit in memory twice."""
    rng = np.random.default_rng(seed)
    for name, shape in tensor_shapes(config).items():
        array = _random(name, shape, rng)
        if layout == "mlx-community":
            array = array.transpose(0, 2, 3, 1) if name.endswith("patch_embedding.weight") else array
            name = mlx_community_name(name)
        yield name, np.ascontiguousarray(array)


def _random(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Values that give every part its say in the logits, and the norms' epsilons theirs.

    What is added to the residual stream is small, as in trained models: in a stream near one a LayerNorm with an
    epsilon of 1e-5 for 1e-6 would pass every comparison.
    """
    noise = rng.standard_normal(shape, dtype=np.float32)
    if len(shape) == 1 and not name.endswith("bias"):
        return 1 + 0.1 * noise
    if any(part in name for part in _INTO_THE_RESIDUAL):
        noise *= np.float32(1 / 32)
    if name.endswith("bias"):
        return 0.1 * noise
    if "embed_tokens" in name or "position_embedding" in name:
        return 0.5 * noise
    return noise / np.float32(np.sqrt(np.prod(shape[1:])))


def tensor_shapes(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """The hub's tensor names and their shapes, in the order of the network."""
    if "vision_config" not in config:
        return _decoder_shapes(config, "model.", "lm_head.weight")
    text, vision = config["text_config"], config["vision_config"]
    shapes = _encoder_shapes(vision, "model.vision_model.")
    width_in = vision["hidden_size"] * config["scale_factor"] ** 2
    shapes["model.connector.modality_projection.proj.weight"] = (text["hidden_size"], width_in)
    return shapes | _decoder_shapes(text, "model.text_model.", "lm_head.weight")


def _encoder_shapes(vision: dict[str, Any], prefix: str) -> dict[str, tuple[int, ...]]:
    width, mlp, patch = vision["hidden_size"], vision["intermediate_size"], vision["patch_size"]
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.patch_embedding.weight": (width, 3, patch, patch),
        "embeddings.patch_embedding.bias": (width,),
        "embeddings.position_embedding.weight": ((vision["image_size"] // patch) ** 2, width),
    }
    modules = [(f"self_attn.{name}", (width, width)) for name in ("q_proj", "k_proj", "v_proj", "out_proj")]
    modules += [("mlp.fc1", (mlp, width)), ("mlp.fc2", (width, mlp))]
    norms: list[tuple[str, tuple[int, ...]]] = [("layer_norm1", (width,)), ("layer_norm2", (width,))]
    for layer in range(vision["num_hidden_layers"]):
        for module, shape in [*modules, *norms]:
            shapes[f"encoder.layers.{layer}.{module}.weight"] = shape
            shapes[f"encoder.layers.{layer}.{module}.bias"] = shape[:1]
    shapes |= {"post_layernorm.weight": (width,), "post_layernorm.bias": (width,)}
    return {prefix + name: shape for name, shape in shapes.items()}


def _decoder_shapes(text: dict[str, Any], prefix: str, head: str) -> dict[str, tuple[int, ...]]:
    width, mlp, vocabulary = text["hidden_size"], text["intermediate_size"], text["vocab_size"]
    query, key = text["num_attention_heads"] * text["head_dim"], text["num_key_value_heads"] * text["head_dim"]
    modules = {
        "self_attn.q_proj": (query, width),
        "self_attn.k_proj": (key, width),
        "self_attn.v_proj": (key, width),
        "self_attn.o_proj": (width, query),
        "mlp.gate_proj": (mlp, width),
        "mlp.up_proj": (mlp, width),
        "mlp.down_proj": (width, mlp),
        "input_layernorm": (width,),
        "post_attention_layernorm": (width,),
    }
    shapes: dict[str, tuple[int, ...]] = {f"{prefix}embed_tokens.weight": (vocabulary, width)}
    for layer in range(text["num_hidden_layers"]):
        shapes |= {f"{prefix}layers.{layer}.{module}.weight": shape for module, shape in modules.items()}
    shapes[f"{prefix}norm.weight"] = (width,)
    if not text["tie_word_embeddings"]:
        shapes[head] = (vocabulary, width)
    return shapes


def mlx_community_name(name: str) -> str:
    """A hub tensor name as folders saved by mlx-vlm have it; names of text-only models are the same in both."""
    if name.startswith("model.text_model."):
        return "language_model." + name.removeprefix("model.text_model.")
    if name.startswith(("model.vision_model.", "model.connector.")):
        return name.removeprefix("model.")
    return name
