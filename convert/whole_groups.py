"""Encoder MLPs whose width no quantization group divides, filled up with zeros until one does.

SO400M's is 4304 = 16 * 269 wide, so the `fc2` that reads it could not be packed: at 2.2B a quarter of a gigabyte. The
added rows of `fc1` and its bias are zeros, so an added unit gives gelu(0) = 0 and the model computes what it did,
whatever `fc2`'s added columns become when they are packed. The width stands in config.json, so every program that reads
the folder makes room for it.
"""

import re
from dataclasses import replace
from functools import partial
from typing import Any

import mlx.core as mx

from convert.packing import PackedParameter, Parameter
from convert.recipe import Recipe
from convert.source import Source

# The axis of each parameter of the MLP that is as long as the MLP is wide.
_MLP = re.compile(r"vision_model\.encoder\.layers\.\d+\.mlp\.(fc1\.weight|fc1\.bias|fc2\.weight)")
_AXIS = {"fc1.weight": 0, "fc1.bias": 0, "fc2.weight": 1}


def with_whole_groups(source: Source, recipe: Recipe) -> Source:
    """The source with encoder MLPs of a width that can be packed; itself where the recipe packs them as they are."""
    mlp = [(parameter, match[1]) for parameter in source.parameters if (match := _MLP.fullmatch(parameter.name))]
    if any(isinstance(parameter, PackedParameter) for parameter, _ in mlp):
        return source
    for parameter, place in mlp:
        if place == "fc2.weight" and (width := _whole_width(parameter.name, parameter.shape, recipe)):
            return _widened(source, width)
    return source


def _whole_width(name: str, shape: tuple[int, ...], recipe: Recipe) -> int | None:
    """The next width that the recipe can pack; None where it packs this one, or packs no such matrix."""
    whole = -(-shape[1] // recipe.group_size) * recipe.group_size
    if recipe.quantization_for(name, shape) or not recipe.quantization_for(name, (shape[0], whole)):
        return None
    return whole


def _widened(source: Source, width: int) -> Source:
    parameters = [
        _filled_up(parameter, _AXIS[match[1]], width)
        if isinstance(parameter, Parameter) and (match := _MLP.fullmatch(parameter.name))
        else parameter
        for parameter in source.parameters
    ]
    config: dict[str, Any] = source.config | {
        "vision_config": {**source.config["vision_config"], "intermediate_size": width}
    }
    return replace(source, config=config, parameters=parameters)


def _filled_up(parameter: Parameter, axis: int, length: int) -> Parameter:
    shape = tuple(length if number == axis else size for number, size in enumerate(parameter.shape))
    return replace(parameter, shape=shape, read=partial(_read, parameter, shape))


def _read(parameter: Parameter, shape: tuple[int, ...]) -> mx.array:
    return mx.pad(parameter.read(), [(0, new - old) for new, old in zip(shape, parameter.shape, strict=True)])
