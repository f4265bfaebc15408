"""A folder becomes a ready model, or one sentence says why it cannot.

Everything that can be wrong with a checkpoint is found here, before anything is generated: missing keys, missing or
surplus tensors, shapes, packings, numbers that are not finite. No file of the folder is ever run.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten

from mlx_model import cpu
from mlx_model.arithmetic import ON_METAL
from mlx_model.chat_template import ChatTemplate
from mlx_model.config import ImageConfig, ModelConfig, Quantization, read_image_config, read_json, read_model_config
from mlx_model.errors import CheckpointError
from mlx_model.smolvlm import SmolVLM
from mlx_model.stop_tokens import stop_ids
from mlx_model.tokenizer import Tokenizer, check_tokenizer
from mlx_model.weights import TensorInfo, read_index, rename

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """A model with all that it takes to ask it something. `image_config` is None for a text-only one."""

    folder: Path
    config: ModelConfig
    image_config: ImageConfig | None
    tokenizer: Tokenizer
    template: ChatTemplate | None
    stop_ids: frozenset[int]
    model: SmolVLM


def load(folder: Path, *, keep_quantized: bool = ON_METAL) -> Checkpoint:
    """Read a hub, mlx-community or Smolsight folder; every weight is in memory when this returns.

    On Metal weights keep their dtype and packing. On a CPU all become float32 and packed layers are expanded, since
    MLX's x86 kernels for anything else are some 50 times slower; `keep_quantized` leaves them packed all the same.

    Raises CheckpointError or RefusedError with the file and the key, tensor or shape in question.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder. A model is a folder with config.json and *.safetensors in it.")
    warn_of_code(folder)
    config = read_model_config(folder)
    tokenizer = Tokenizer.from_folder(folder)
    check_tokenizer(tokenizer, config)
    checkpoint = Checkpoint(
        folder=folder,
        config=config,
        image_config=_image_config(folder, config),
        tokenizer=tokenizer,
        template=ChatTemplate.from_folder(folder),
        stop_ids=stop_ids(folder, config, tokenizer),
        model=SmolVLM(config),
    )
    weights = read_weights(folder, config)
    if not keep_quantized:
        weights = _expand(weights, config, folder)
    if not ON_METAL:
        weights = {name: _float32(weight) for name, weight in weights.items()}
    _assign(checkpoint.model, weights, config, folder)
    return checkpoint


def warn_of_code(folder: Path) -> None:
    scripts = sorted(path.name for path in folder.glob("*.py"))
    if scripts or "auto_map" in read_json(folder / "config.json"):
        log.warning("%s brings code (%s), which is ignored.", folder, ", ".join(scripts) or "auto_map")


def _image_config(folder: Path, config: ModelConfig) -> ImageConfig | None:
    if config.vision is None:
        return None
    image_config = read_image_config(folder)
    if image_config.tile != config.vision.image_size:
        raise CheckpointError(
            f"{folder}: preprocessor_config.json cuts tiles of {image_config.tile} pixels, config.json's encoder takes "
            f"{config.vision.image_size}. The two files belong to different checkpoints."
        )
    return image_config


def read_weights(folder: Path, config: ModelConfig) -> dict[str, mx.array]:
    """Tensors by our modules' names, still lazy. A tied head that a file repeats is left out."""
    index = read_index(folder)
    loaded = {file: mx.load(str(file)) for file in {info.file for info in index.values()}}
    weights: dict[str, mx.array] = {}
    for name, info in index.items():
        ours = rename(name)
        if ours is None or (config.text.tie_word_embeddings and ours.startswith("language_model.lm_head.")):
            continue
        if ours in weights:
            raise CheckpointError(f"{info.file}: '{name}' is a second tensor for {ours}.")
        weights[ours] = _channels_last(ours, loaded[info.file][name], info, config)
    return weights


def _channels_last(ours: str, weight: mx.array, info: TensorInfo, config: ModelConfig) -> mx.array:
    """The patch convolution in MLX's order [out, kH, kW, in]; torch has the channels second."""
    if ours != "vision_model.embeddings.patch_embedding.weight" or config.vision is None or weight.ndim != 4:
        return weight
    channels, patch = config.vision.num_channels, config.vision.patch_size
    return weight.transpose(0, 2, 3, 1) if info.shape[1:] == (channels, patch, patch) else weight


def _packed_modules(weights: dict[str, mx.array], config: ModelConfig, folder: Path) -> dict[str, Quantization]:
    """Paths of the modules that the files hold packed, with their packing from config.json."""
    named = {rename(f"{path}.weight"): packing for path, packing in config.quantization.items() if path}
    packed = {}
    for name in weights:
        if not name.endswith(".scales"):
            continue
        path = name.removesuffix(".scales")
        packing = named.get(f"{path}.weight", config.quantization.get(""))
        if packing is None:
            raise CheckpointError(f"{folder}: {path} is packed, but config.json's 'quantization' does not say how.")
        packed[path] = packing
    return packed


def _expand(weights: dict[str, mx.array], config: ModelConfig, folder: Path) -> dict[str, mx.array]:
    """Packed layers as plain ones, in float32: in float16 the products alone would be rounded."""
    weights = dict(weights)
    for path, packing in _packed_modules(weights, config, folder).items():
        try:
            weights[f"{path}.weight"] = mx.dequantize(
                weights[f"{path}.weight"],
                weights.pop(f"{path}.scales").astype(mx.float32),
                weights.pop(f"{path}.biases").astype(mx.float32),
                group_size=packing.group_size,
                bits=packing.bits,
            )
        except (ValueError, KeyError) as error:
            raise CheckpointError(
                f"{folder}: {path} cannot be unpacked as {packing.bits} bits in groups of {packing.group_size} "
                f"({error}). config.json and the weights contradict each other."
            ) from error
    return weights


def _float32(weight: mx.array) -> mx.array:
    return weight.astype(mx.float32) if mx.issubdtype(weight.dtype, mx.floating) else weight


def _assign(model: SmolVLM, weights: dict[str, mx.array], config: ModelConfig, folder: Path) -> None:
    """Put the weights into the model, after every name, shape and number has been checked."""
    packed = _packed_modules(weights, config, folder)
    if packed:
        nn.quantize(
            model,
            class_predicate=lambda path, _: (
                {"group_size": packed[path].group_size, "bits": packed[path].bits} if path in packed else False
            ),
        )
    check_names_and_shapes(model, weights, folder)
    model.load_weights(list(weights.items()))
    if not ON_METAL:
        cpu.replace_linears(model)
    mx.eval(model.parameters())
    _check_numbers(weights, folder)
    model.eval()


class _Shaped(Protocol):
    @property
    def shape(self) -> tuple[int, ...]: ...


def check_names_and_shapes(model: SmolVLM, weights: Mapping[str, _Shaped], folder: Path) -> None:
    """Raises CheckpointError unless `weights` are the model's parameters, none missing and none more."""
    expected: dict[str, mx.array] = dict(tree_flatten(model.parameters()))
    if missing := sorted(expected.keys() - weights.keys()):
        raise CheckpointError(f"{folder} lacks {_some(missing)}: config.json asks for them. Get the checkpoint again.")
    if surplus := sorted(weights.keys() - expected.keys()):
        raise CheckpointError(f"{folder} holds {_some(surplus)}, for which config.json's model has no place.")
    for name, weight in weights.items():
        if weight.shape != expected[name].shape:
            raise CheckpointError(
                f"{folder}: {name} is {list(weight.shape)}, config.json's model needs {list(expected[name].shape)}."
            )


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{len(names)} tensor{'s'[: len(names) > 1]} ({', '.join(names[:3])}{rest})"


def _check_numbers(weights: dict[str, mx.array], folder: Path) -> None:
    floats = {name: weight for name, weight in weights.items() if mx.issubdtype(weight.dtype, mx.floating)}
    finite = mx.stack([mx.all(mx.isfinite(weight)) for weight in floats.values()])
    for name, is_finite in zip(floats, finite.tolist(), strict=True):
        if not is_finite:
            raise CheckpointError(f"{folder}: {name} holds numbers that are not finite. Get the checkpoint again.")
