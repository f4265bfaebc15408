"""config.json of the output: the source's own, with `quantization` where something is packed and no pointer to code.

The entries are those that mlx-lm and mlx-vlm read:
https://github.com/ml-explore/mlx-lm/blob/main/mlx_lm/utils.py (`load_model`).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from convert.packing import PackedParameter, Parameter, packing_of
from convert.recipe import Recipe, is_matrix, part_of
from mlx_model.config import Quantization

_SOURCES_OWN = ("auto_map", "quantization", "quantization_config")


def config_json(
    values: Mapping[str, Any],
    parameters: Iterable[Parameter | PackedParameter],
    recipe: Recipe,
    stored_name: Callable[[str], str],
) -> bytes:
    config = {key: value for key, value in values.items() if key not in _SOURCES_OWN}
    packings = {
        parameter.name: packing_of(parameter, recipe)
        for parameter in parameters
        if is_matrix(parameter.name, parameter.shape)
    }
    if any(packings.values()):
        config["quantization"] = _quantization_entry(packings, stored_name)
    return (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode()


def _quantization_entry(
    packings: Mapping[str, Quantization | None], stored_name: Callable[[str], str]
) -> dict[str, Any]:
    """The packing of most decoder layers on top, then each module that differs; false for one that is not packed."""
    packed = {name: packing for name, packing in packings.items() if packing}
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
