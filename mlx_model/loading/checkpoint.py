"""A folder becomes a ready model, or one sentence says why it cannot.

Everything that can be wrong with a checkpoint is found here, before anything is generated: missing keys, missing or
surplus tensors, shapes, packings, numbers that are not finite. No file of the folder is ever run.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx
import numpy as np

from mlx_model.config import ImageConfig, ModelConfig, read_image_config, read_model_config
from mlx_model.device import blocks, cpu
from mlx_model.device.arithmetic import ON_METAL, as_float32
from mlx_model.errors import CheckpointError, stop_if
from mlx_model.language import LanguageModel
from mlx_model.loading.json_file import read_json
from mlx_model.loading.quantized import expand, make_room_for_packed, packed_modules
from mlx_model.loading.stop_tokens import stop_ids
from mlx_model.loading.weights import check_names_and_shapes, read_weights
from mlx_model.prompting.chat_template import ChatTemplate
from mlx_model.prompting.tokenizer import Tokenizer, check_tokenizer
from mlx_model.smolvlm import SmolVLM

log = logging.getLogger(__name__)

Change = Callable[[dict[str, mx.array]], dict[str, mx.array]]


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


def load(folder: Path, *, keep_quantized: bool | None = None, cancelled: threading.Event | None = None) -> Checkpoint:
    """Read a hub, mlx-community or Smolsight folder; every weight is in memory when this returns.

    On Metal weights keep their dtype and packing. On a CPU all become float32 and packed layers are expanded, since
    MLX's x86 kernels for anything else are some 50 times slower. `keep_quantized` True or False overrides that.

    Raises CheckpointError or RefusedError with the file and the key, tensor or shape in question, and Cancelled after
    the tensor under way once `cancelled` is set.
    """
    checkpoint, weights = _load(folder, ON_METAL if keep_quantized is None else keep_quantized, _as_it_is)
    _read(weights, cancelled or threading.Event())
    _check_numbers(weights, folder)
    weights.clear()
    _fuse(checkpoint.model.language_model)
    return checkpoint


def check(folder: Path) -> None:
    """Read every weight once and keep none, for memory that holds one tensor. Raises as `load` does."""
    checkpoint, weights = open_checkpoint(folder)
    make_room_for_packed(checkpoint.model, packed_modules(weights, checkpoint.config, folder), folder)
    check_names_and_shapes(checkpoint.model, weights, folder)
    while weights:
        name, weight = weights.popitem()
        mx.eval(weight)
        if mx.issubdtype(weight.dtype, mx.floating):
            _check_numbers({name: weight}, folder)


def load_lazily(folder: Path, change: Change | None = None) -> Checkpoint:
    """As `load`, but each weight is read when it is first used, and none is looked through for NaN.

    `change` is applied to the lazy weights by our modules' names; packed ones are expanded before it.
    """
    return _load(folder, ON_METAL and change is None, change or _as_it_is)[0]


def load_to_stream(folder: Path, change: Change | None = None) -> Checkpoint:
    """As `load_lazily`, for one pass over many tokens: on a CPU matrices stay as they are stored, and become float32 a
    block at a time while they are multiplied.
    """
    checkpoint, weights = open_checkpoint(folder)
    if change is not None:
        weights = change(expand(weights, checkpoint.config, folder))
    _place(checkpoint.model, weights, checkpoint.config, folder)
    if not ON_METAL:
        blocks.replace_layers(checkpoint.model)
    return checkpoint


def _as_it_is(weights: dict[str, mx.array]) -> dict[str, mx.array]:
    return weights


def _load(folder: Path, keep_quantized: bool, change: Change) -> tuple[Checkpoint, dict[str, mx.array]]:
    checkpoint, weights = open_checkpoint(folder)
    if not keep_quantized:
        weights = expand(weights, checkpoint.config, folder)
    weights = change(weights)
    if not ON_METAL:
        weights = {name: as_float32(weight) for name, weight in weights.items()}
    _assign(checkpoint.model, weights, checkpoint.config, folder)
    return checkpoint, weights


def open_checkpoint(folder: Path) -> tuple[Checkpoint, dict[str, mx.array]]:
    """A checkpoint whose model has no weights yet, and its weights by our modules' names, still on disk.

    Everything is checked but the weights' shapes and numbers. Raises as `load` does.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder. A model is a folder with config.json and *.safetensors in it.")
    _refuse_special_files(folder)
    _warn_of_code(folder)
    config = read_model_config(folder)
    tokenizer = Tokenizer.from_folder(folder)
    check_tokenizer(tokenizer, config)
    weights = read_weights(folder, config)
    checkpoint = Checkpoint(
        folder=folder,
        config=config,
        image_config=_image_config(folder, config),
        tokenizer=tokenizer,
        template=ChatTemplate.from_folder(folder),
        stop_ids=stop_ids(folder, config, tokenizer),
        model=SmolVLM(config),
    )
    return checkpoint, weights


def _refuse_special_files(folder: Path) -> None:
    """Opening a FIFO would wait for ever, and a device has no end."""
    for path in folder.iterdir():
        if path.exists() and not path.is_file() and not path.is_dir():
            raise CheckpointError(f"{path} is no regular file: a model folder holds nothing else. Get it again.")


def _warn_of_code(folder: Path) -> None:
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


def _assign(model: SmolVLM, weights: dict[str, mx.array], config: ModelConfig, folder: Path) -> None:
    """Put the weights into the model, after every name and shape has been checked."""
    _place(model, weights, config, folder)
    if not ON_METAL:
        cpu.replace_layers(model)


def _place(model: SmolVLM, weights: dict[str, mx.array], config: ModelConfig, folder: Path) -> None:
    make_room_for_packed(model, packed_modules(weights, config, folder), folder)
    check_names_and_shapes(model, weights, folder)
    model.load_weights(list(weights.items()))
    model.eval()


def _read(weights: dict[str, mx.array], cancelled: threading.Event) -> None:
    for weight in weights.values():
        stop_if(cancelled, "Loading was stopped.")
        mx.eval(weight)


def _fuse(decoder: LanguageModel) -> None:
    """Layer by layer, so that what was apart is given back before the next is joined."""
    for layer in decoder.layers:
        layer.fuse()
        mx.eval(layer.parameters())


def _check_numbers(weights: dict[str, mx.array], folder: Path) -> None:
    floats = {name: weight for name, weight in weights.items() if mx.issubdtype(weight.dtype, mx.floating)}
    for name, is_finite in zip(floats, _are_finite(floats.values()), strict=True):
        if not is_finite:
            raise CheckpointError(f"{folder}: {name} holds numbers that are not finite. Get the checkpoint again.")


def _are_finite(weights: Iterable[mx.array]) -> list[bool]:
    """In numpy on a CPU: MLX's own look at them there was a third of loading."""
    if ON_METAL:
        return list(map(bool, np.asarray(mx.stack([mx.all(mx.isfinite(weight)) for weight in weights]))))
    return [bool(np.isfinite(np.asarray(weight.astype(mx.float32))).all()) for weight in weights]
