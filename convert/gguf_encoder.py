"""The half of a SmolVLM that sees, from the file that llama.cpp calls mmproj: encoder, connector, configuration.

Names and keys: `ClipVision`, `v.*` and `mm.*` in
https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py. Written from that list, since no such file
could be had: tests make theirs. Knows nothing of the decoder.
"""

from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from convert.gguf_file import GGUFFile, GGUFTensor
from convert.gguf_parameters import InOrder, Parameters, matrix_dtype
from convert.packing import PackedParameter, Parameter
from mlx_model.config import VisionConfig
from mlx_model.errors import CheckpointError, RefusedError

_ARCHITECTURE, _PROJECTOR = "clip", "idefics3"
_OUTER = {
    "v.patch_embd.weight": "vision_model.embeddings.patch_embedding.weight",
    "v.patch_embd.bias": "vision_model.embeddings.patch_embedding.bias",
    "v.position_embd.weight": "vision_model.embeddings.position_embedding.weight",
    "v.post_ln.weight": "vision_model.post_layernorm.weight",
    "v.post_ln.bias": "vision_model.post_layernorm.bias",
    "mm.model.fc.weight": "connector.modality_projection.proj.weight",
}
_IN_LAYER = {
    "ln1": "layer_norm1",
    "ln2": "layer_norm2",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_out": "self_attn.out_proj",
    "ffn_up": "mlp.fc1",
    "ffn_down": "mlp.fc2",
}
_PATCHES = "v.patch_embd.weight"
# As every published SmolVLM has them; a file does not state the sampling of clips, and older ones not the long edge.
_TILES_ALONG = 4
_VIDEO = {"fps": 1, "max_frames": 64}


@dataclass(frozen=True)
class Encoder:
    """`scale_factor` is the pixel shuffle's; `longest_edge`, `mean` and `std` are what pictures are prepared with."""

    vision: VisionConfig
    scale_factor: int
    longest_edge: int
    mean: list[float]
    std: list[float]
    parameters: dict[str, Parameter | PackedParameter]


def is_encoder(file: GGUFFile) -> bool:
    """Whether the file is the half that sees, of whichever model."""
    return bool(file.metadata.get("general.architecture") == _ARCHITECTURE)


def open_encoder(file: GGUFFile) -> Encoder:
    """Raises RefusedError for another model's encoder, CheckpointError where the file contradicts itself."""
    if not is_encoder(file):
        raise RefusedError(f"{file.path} is no mmproj file: its architecture is not '{_ARCHITECTURE}'.")
    projector = file.metadata.get("clip.projector_type", file.metadata.get("clip.vision.projector_type"))
    if projector != _PROJECTOR:
        raise RefusedError(f"{file.path} has a projector of the type {projector!r}; SmolVLM's is '{_PROJECTOR}'.")
    vision = VisionConfig(
        hidden_size=file.number("clip.vision.embedding_length"),
        num_attention_heads=file.number("clip.vision.attention.head_count"),
        image_size=file.number("clip.vision.image_size"),
        patch_size=file.number("clip.vision.patch_size"),
        intermediate_size=file.number("clip.vision.feed_forward_length"),
        num_hidden_layers=file.number("clip.vision.block_count"),
    )
    scale_factor = file.number("clip.vision.projector.scale_factor")
    if vision.hidden_size % vision.num_attention_heads or vision.patches_per_side % scale_factor:
        raise CheckpointError(
            f"{file.path}: an encoder of {vision.hidden_size} with {vision.num_attention_heads} heads, or "
            f"{vision.patches_per_side} patches a side shuffled by {scale_factor}, does not fit. Get the file again."
        )
    longest_edge = _TILES_ALONG * vision.image_size
    if "clip.vision.preproc_image_size" in file.metadata:
        longest_edge = file.number("clip.vision.preproc_image_size")
    mean, std = _channels(file, "clip.vision.image_mean"), _channels(file, "clip.vision.image_std")
    return Encoder(vision, scale_factor, longest_edge, mean, std, _parameters(file, vision))


def preprocessor_config(encoder: Encoder) -> dict[str, Any]:
    """What the hub has as preprocessor_config.json."""
    tile = encoder.vision.image_size
    steps = ("convert_rgb", "image_splitting", "normalize", "pad", "rescale", "resize")
    return {f"do_{step}": True for step in steps} | {
        "image_mean": encoder.mean,
        "image_std": encoder.std,
        "image_processor_type": "SmolVLMImageProcessor",
        "max_image_size": {"longest_edge": tile},
        "size": {"longest_edge": encoder.longest_edge},
        "resample": 1,
        "rescale_factor": 1 / 255,
        "processor_class": "SmolVLMProcessor",
        "video_sampling": {**_VIDEO, "video_size": {"longest_edge": tile}},
    }


def _channels(file: GGUFFile, key: str) -> list[float]:
    values = file.metadata.get(key)
    if not isinstance(values, list) or len(values) != 3 or not all(isinstance(value, float) for value in values):
        raise CheckpointError(f"{file.path}: '{key}' is {values!r}, expected three numbers. Get the file again.")
    return values


def _parameters(file: GGUFFile, vision: VisionConfig) -> dict[str, Parameter | PackedParameter]:
    held = {name.split(".")[2] for name in file.tensors if name.startswith("v.blk.")}
    if len(held) != vision.num_hidden_layers or _PATCHES not in file.tensors:
        raise CheckpointError(
            f"{file.path}: 'clip.vision.block_count' is {vision.num_hidden_layers}, the file has {len(held)} layers "
            f"and {'a' if _PATCHES in file.tensors else 'no'} patch embedding. Get it again."
        )
    query = file.tensors.get("v.blk.0.attn_q.weight")
    reader = Parameters(file, vector_dtype=mx.float16 if query is None else matrix_dtype(query))
    parameters = {}
    for name, tensor in file.tensors.items():
        ours = _our_name(file, tensor, vision)
        in_order, shape = _layout(name, tensor)
        if ours in parameters:
            raise CheckpointError(f"{file.path}: '{name}' is a second tensor for {ours}. Get the file again.")
        parameters[ours] = reader.parameter(ours, tensor, in_order, shape)
    return parameters


def _our_name(file: GGUFFile, tensor: GGUFTensor, vision: VisionConfig) -> str:
    if tensor.name in _OUTER:
        return _OUTER[tensor.name]
    match tensor.name.split("."):
        case ["v", "blk", layer, module, "weight" | "bias" as kind] if module in _IN_LAYER and layer.isdecimal():
            ours = _IN_LAYER[module]
            if module in ("ffn_up", "ffn_down"):
                # Early files have the two names the other way round; what comes out of fc1 is as wide as the MLP.
                ours = _mlp_name(tensor, vision) or ours
            return f"vision_model.encoder.layers.{int(layer)}.{ours}.{kind}"
    raise RefusedError(f"{file.path} holds '{tensor.name}', which no SmolVLM has.")


def _mlp_name(tensor: GGUFTensor, vision: VisionConfig) -> str | None:
    """By the number of outputs; None where that tells nothing."""
    sizes = {vision.intermediate_size: "mlp.fc1", vision.hidden_size: "mlp.fc2"}
    return sizes.get(tensor.shape[0]) if len(sizes) == 2 else None


def _layout(name: str, tensor: GGUFTensor) -> tuple[InOrder, tuple[int, ...] | None]:
    """A convolution lies [out, in, height, width] as torch has it; MLX has the channels last."""
    if name != _PATCHES:
        return lambda array: array, None
    if len(tensor.shape) != 4:
        return lambda array: array, tensor.shape
    out, channels, height, width = tensor.shape
    return lambda array: array.transpose(0, 2, 3, 1), (out, height, width, channels)
