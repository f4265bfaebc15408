"""A checkpoint's JSON files as frozen dataclasses.

A key that a published checkpoint may leave out has the reference's default here; every other key must be there, and a
missing one is reported by name. Nothing is guessed. Mirrors transformers' `configuration_smolvlm.py` and
`image_processing_pil_smolvlm.py` (5.23). Knows nothing of weights.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

from mlx_model.errors import CheckpointError, RefusedError
from mlx_model.loading.json_file import Section, read_json

VISION_MODEL_TYPES = frozenset({"smolvlm", "idefics3"})
TEXT_MODEL_TYPES = frozenset({"llama"})

MAX_EDGE = 4096  # pixels: the reference's "4k resolution as absolute maximum", whatever a checkpoint asks for


@dataclass(frozen=True)
class Quantization:
    """How a linear layer's weights are packed: MLX's affine form, `group_size` weights share a scale and a bias."""

    group_size: int
    bits: int
    mode: str = "affine"


@dataclass(frozen=True)
class VisionConfig:
    """The SigLIP encoder (paper, section 2.1). Sizes in pixels and units."""

    hidden_size: int
    num_attention_heads: int
    image_size: int
    patch_size: int
    intermediate_size: int = 3072
    num_hidden_layers: int = 12
    num_channels: int = 3
    layer_norm_eps: float = 1e-6

    @property
    def patches_per_side(self) -> int:
        return self.image_size // self.patch_size


@dataclass(frozen=True)
class TextConfig:
    """The SmolLM2 decoder: Llama's block with grouped-query attention."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    rope_theta: float
    max_position_embeddings: int
    vocab_size: int
    rms_norm_eps: float
    tie_word_embeddings: bool


@dataclass(frozen=True)
class ModelConfig:
    """A whole checkpoint. `vision` and `image_token_id` are None for a text-only SmolLM2.

    `quantization` maps a module path ("language_model.model.layers.0.mlp.up_proj") to its packing; the key "" holds the
    folder's default, and None as a value says that this module is not packed.
    """

    model_type: str
    text: TextConfig
    vision: VisionConfig | None = None
    scale_factor: int = 1
    image_token_id: int | None = None
    eos_token_ids: tuple[int, ...] = ()
    quantization: dict[str, Quantization | None] = field(default_factory=dict)

    @property
    def tokens_per_tile(self) -> int:
        """Image tokens that one tile becomes: (tile / patch / r) squared; 0 without an encoder."""
        return (self.vision.patches_per_side // self.scale_factor) ** 2 if self.vision else 0


@dataclass(frozen=True)
class ImageConfig:
    """How the checkpoint wants its pictures: sizes in pixels, `longest_edge` before splitting into `tile` squares."""

    tile: int
    longest_edge: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    video_fps: float = 1.0
    video_max_frames: int = 64
    video_edge: int | None = None

    @property
    def high(self) -> int:
        """The number of tiles along the long edge that the checkpoint itself asks for."""
        return max(1, min(self.longest_edge, MAX_EDGE) // self.tile)


def read_model_config(folder: Path) -> ModelConfig:
    """`config.json` of a hub, mlx-community or Smolsight folder.

    Raises CheckpointError where a key is missing or of the wrong kind, RefusedError for a folder that needs code or is
    of another architecture.
    """
    path = folder / "config.json"
    values = read_json(path)
    top = Section(values, path)
    if "model_file" in values:
        raise RefusedError(f"{path} names a Python file to run ('model_file'). Smolsight never runs code from a model.")
    model_type = top.get("model_type", str)
    if model_type in VISION_MODEL_TYPES:
        return _vision_language_config(top, model_type)
    if model_type in TEXT_MODEL_TYPES:
        text = _text_config(top, top.get("tie_word_embeddings", bool, False))
        eos = top.token_ids("eos_token_id")
        return ModelConfig(model_type, text, eos_token_ids=eos, quantization=_quantization(top))
    known = ", ".join(sorted(VISION_MODEL_TYPES | TEXT_MODEL_TYPES))
    raise RefusedError(f"{path}: model_type {model_type!r} is not one that Smolsight knows ({known}).")


def _vision_language_config(top: Section, model_type: str) -> ModelConfig:
    text = top.section("text_config")
    # An older file ties the head in the text part only.
    tied = top.get("tie_word_embeddings", bool, text.get("tie_word_embeddings", bool, False))
    text.only("model_type", "llama")
    vision = _vision_config(top.section("vision_config"))
    scale_factor = top.positive("scale_factor")
    if vision.patches_per_side % scale_factor:
        raise CheckpointError(
            f"{top.path}: {vision.patches_per_side} patches a side cannot be shuffled by 'scale_factor' {scale_factor}."
        )
    text_config = _text_config(text, tied)
    image_token_id = top.get("image_token_id", int)
    if not 0 <= image_token_id < text_config.vocab_size:
        raise CheckpointError(
            f"{top.path}: 'image_token_id' {image_token_id} lies outside the vocabulary of {text_config.vocab_size}."
        )
    return ModelConfig(
        model_type=model_type,
        text=text_config,
        vision=vision,
        scale_factor=scale_factor,
        image_token_id=image_token_id,
        eos_token_ids=top.token_ids("eos_token_id") or text.token_ids("eos_token_id"),
        quantization=_quantization(top),
    )


def _vision_config(section: Section) -> VisionConfig:
    section.only("hidden_act", "gelu_pytorch_tanh")
    config = VisionConfig(
        hidden_size=section.positive("hidden_size"),
        num_attention_heads=section.positive("num_attention_heads"),
        image_size=section.positive("image_size"),
        patch_size=section.positive("patch_size"),
        intermediate_size=section.positive("intermediate_size", VisionConfig.intermediate_size),
        num_hidden_layers=section.positive("num_hidden_layers", VisionConfig.num_hidden_layers),
        num_channels=section.positive("num_channels", VisionConfig.num_channels),
        layer_norm_eps=section.get("layer_norm_eps", float, VisionConfig.layer_norm_eps),
    )
    if config.hidden_size % config.num_attention_heads:
        raise CheckpointError(
            f"{section.path}: vision_config.hidden_size {config.hidden_size} is no multiple of its "
            f"{config.num_attention_heads} heads."
        )
    return config


def _text_config(section: Section, tied: bool) -> TextConfig:
    section.only("hidden_act", "silu")
    hidden_size, heads = section.positive("hidden_size"), section.positive("num_attention_heads")
    kv_heads = section.positive("num_key_value_heads")
    if heads % kv_heads:
        raise CheckpointError(f"{section.path}: {heads} attention heads cannot share {kv_heads} key-value heads.")
    return TextConfig(
        hidden_size=hidden_size,
        intermediate_size=section.positive("intermediate_size"),
        num_hidden_layers=section.positive("num_hidden_layers"),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=section.positive("head_dim", hidden_size // heads),
        rope_theta=_rope_theta(section),
        max_position_embeddings=section.positive("max_position_embeddings"),
        vocab_size=section.positive("vocab_size"),
        rms_norm_eps=section.get("rms_norm_eps", float),
        tie_word_embeddings=tied,
    )


def _rope_theta(section: Section) -> float:
    """In the section itself (hub), or in its `rope_parameters` (files saved by transformers 5)."""
    for key in ("rope_parameters", "rope_scaling"):
        rope = section.values.get(key)
        if isinstance(rope, dict) and (kind := rope.get("rope_type", rope.get("type", "default"))) != "default":
            raise RefusedError(f"{section.path}: RoPE of type {kind!r} is not supported.")
    if isinstance(section.values.get("rope_parameters"), dict):
        section = section.section("rope_parameters")
    base = section.get("rope_theta", float)
    if base <= 0:
        raise CheckpointError(f"{section.path}: 'rope_theta' is {base}, expected a positive number.")
    return base


def _quantization(top: Section) -> dict[str, Quantization | None]:
    """`quantization` as mlx-lm and mlx-vlm write it: the default's keys beside per-module objects or `false`."""
    if top.values.get("quantization") is None:
        return {}
    section = top.section("quantization")
    result: dict[str, Quantization | None] = {"": _packing(section)}
    for key, value in section.values.items():
        if isinstance(value, dict):
            result[key] = _packing(section.section(key), default=result[""])
        elif value is False:
            result[key] = None
    return result


def _packing(section: Section, default: Quantization | None = None) -> Quantization:
    section.only("mode", "affine")
    return Quantization(
        group_size=section.positive("group_size", default.group_size if default else None),
        bits=section.positive("bits", default.bits if default else None),
    )


def read_image_config(folder: Path) -> ImageConfig:
    """`preprocessor_config.json`: sizes, means and video sampling, as the checkpoint states them."""
    top = Section(read_json(folder / "preprocessor_config.json"), folder / "preprocessor_config.json")
    for key in ("do_resize", "do_rescale", "do_normalize"):
        if top.values.get(key, True) is not True:
            raise RefusedError(f"{top.path}: '{key}' is off, which no published SmolVLM asks for.")
    if top.values.get("resample", 1) != 1:
        raise RefusedError(f"{top.path}: 'resample' is {top.values['resample']}, and only 1 (LANCZOS) is supported.")
    std = _channels(top, "image_std")
    if min(std) <= 0:
        raise CheckpointError(f"{top.path}: 'image_std' is {list(std)}, and pixels are divided by it.")
    tile = top.section("max_image_size").positive("longest_edge")
    longest_edge = top.section("size").positive("longest_edge")
    video = top.section("video_sampling") if top.values.get("video_sampling") is not None else None
    return ImageConfig(
        tile=tile,
        longest_edge=longest_edge,
        mean=_channels(top, "image_mean"),
        std=std,
        video_fps=video.get("fps", float) if video else ImageConfig.video_fps,
        video_max_frames=video.positive("max_frames") if video else ImageConfig.video_max_frames,
        video_edge=video.section("video_size").positive("longest_edge") if video else None,
    )


def _channels(section: Section, key: str) -> tuple[float, float, float]:
    values = section.get(key, list)
    if len(values) != 3 or not all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        raise CheckpointError(f"{section.path}: '{key}' is {values!r}, expected three numbers.")
    red, green, blue = (float(value) for value in values)
    return red, green, blue
