"""The conversion itself: a folder or a GGUF file in, a checked MLX folder out.

Tensors go through memory one by one, so that it holds the largest tensor and not the model. What is written are
mlx-vlm's names (mlx-lm's for a model of words alone) and per-layer `quantization` entries that both of them read:
https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/utils.py (`load_model`).
"""

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from convert.folder_source import open_folder
from convert.gguf_source import open_gguf
from convert.output_folder import check_apart, check_output, new_folder
from convert.packing import PackedParameter, Parameter, job_for, packing_of
from convert.recipe import PARTS, UNPACKED_BITS, Recipe, is_matrix, part_of
from convert.shards import Job, write_file, write_shards
from convert.source import Source
from mlx_model.checkpoint import open_checkpoint
from mlx_model.config import Quantization
from mlx_model.errors import ConversionError, ModelError


@dataclass(frozen=True)
class PartSize:
    """A part of the model ("decoder"), how many weights it has and how many bytes they take in the output."""

    part: str
    weights: int
    nbytes: int

    @property
    def bits_per_weight(self) -> float:
        return 8 * self.nbytes / self.weights


@dataclass(frozen=True)
class ConversionResult:
    """What came of it; bytes are those of the weights."""

    folder: Path
    bytes_before: int
    bytes_after: int
    parts: tuple[PartSize, ...]


def convert(
    source: Path,
    out: Path,
    recipe: Recipe | None = None,
    *,
    force: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ConversionResult:
    """Convert the checkpoint folder or .gguf file `source` into the folder `out`, which appears whole or not at all.

    Without a recipe a GGUF file keeps its own packing exactly, and a folder takes the default one of 4 bits. `force`
    replaces an older folder. `progress(bytes written, bytes in all)`; what it raises stops the conversion.

    Raises CheckpointError or RefusedError for what is wrong with the source, ConversionError for what is wrong with
    the output or the wish.
    """
    check_apart(out, source)
    check_output(out, force=force)
    if source.suffix.lower() == ".gguf":
        opened, recipe = open_gguf(source, expand=recipe is not None), recipe or Recipe(UNPACKED_BITS)
    else:
        opened, recipe = open_folder(source), recipe or Recipe()
    stored_name = _stored_as_words_alone if "vision_config" not in opened.config else str
    jobs = [job_for(parameter, stored_name(parameter.name), recipe) for parameter in opened.parameters]
    with new_folder(out) as folder:
        _check_space(folder, jobs)
        for name, content in opened.files.items():
            write_file(folder / name, content)
        write_shards(folder, jobs, progress)
        write_file(folder / "config.json", _config_json(opened, recipe, stored_name))
        _check_result(folder, source)
    sizes = {parameter.name: job.nbytes for parameter, job in zip(opened.parameters, jobs, strict=True)}
    return ConversionResult(out, opened.nbytes, sum(sizes.values()), _part_sizes(opened.parameters, sizes))


def _stored_as_words_alone(name: str) -> str:
    """A parameter's name in a folder that mlx-lm reads: `model.layers...`, `lm_head`."""
    name = name.removeprefix("language_model.")
    return name if name.startswith("lm_head.") else f"model.{name}"


def _check_space(folder: Path, jobs: list[Job]) -> None:
    needed, free = sum(job.nbytes for job in jobs), shutil.disk_usage(folder).free
    if needed > free:
        raise ConversionError(
            f"The weights need {needed / 1e9:.1f} GB, and the disk of {folder.parent} has {free / 1e9:.1f} GB left."
        )


def _check_result(folder: Path, source: Path) -> None:
    """What was written must open; a GGUF file's template and tokens have not been looked at before."""
    try:
        open_checkpoint(folder)
    except ModelError as error:
        raise type(error)(str(error).replace(str(folder), str(source))) from error


def _config_json(source: Source, recipe: Recipe, stored_name: Callable[[str], str]) -> bytes:
    """The source's own config.json, with `quantization` where something is packed and no pointer to code."""
    config = {key: value for key, value in source.config.items() if key != "auto_map"}
    if quantization := _quantization_entry(source.parameters, recipe, stored_name):
        config["quantization"] = quantization
    return (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode()


def _quantization_entry(
    parameters: list[Parameter | PackedParameter], recipe: Recipe, stored_name: Callable[[str], str]
) -> dict[str, Any]:
    """The packing of most decoder layers on top, then each module that differs; false for one that is not packed."""
    packings = {
        parameter.name: packing_of(parameter, recipe)
        for parameter in parameters
        if is_matrix(parameter.name, parameter.shape)
    }
    packed = {name: packing for name, packing in packings.items() if packing}
    if not packed:
        return {}
    in_decoder = [packing for name, packing in packed.items() if part_of(name) == "decoder"]
    default = Counter(in_decoder or packed.values()).most_common(1)[0][0]
    differing = {
        stored_name(name).removesuffix(".weight"): _entry(packing) if packing else False
        for name, packing in packings.items()
        if packing != default
    }
    return _entry(default) | differing


def _entry(packing: Quantization) -> dict[str, Any]:
    return {"group_size": packing.group_size, "bits": packing.bits, "mode": packing.mode}


def _part_sizes(parameters: list[Parameter | PackedParameter], sizes: dict[str, int]) -> tuple[PartSize, ...]:
    weights: dict[str, int] = defaultdict(int)
    nbytes: dict[str, int] = defaultdict(int)
    for parameter in parameters:
        part = part_of(parameter.name)
        weights[part] += prod(parameter.shape)
        nbytes[part] += sizes[parameter.name]
    return tuple(PartSize(part, weights[part], nbytes[part]) for _, part in PARTS if part in weights)
