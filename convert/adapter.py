"""A LoRA adapter in PEFT's form, added to the weights that it was trained for: W + scale * B A.

Written for plain LoRA on linear layers; whatever else an adapter may hold is refused by name, since leaving it out
would give another model than its author's. https://huggingface.co/docs/peft/developer_guides/checkpoint
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from mlx_model.errors import CheckpointError, RefusedError
from mlx_model.loading.checkpoint import Change
from mlx_model.loading.json_file import Section, read_json
from mlx_model.loading.weights import read_header, rename

CONFIG_NAME, WEIGHTS_NAME = "adapter_config.json", "adapter_model.safetensors"
_FACTOR = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<side>[AB])(\.default)?\.weight")
# Options that change what the factors mean or bring other weights, and the values under which they do not.
_PLAIN = {
    "use_dora": (None, False),
    "fan_in_fan_out": (None, False),
    "bias": (None, "none"),
    "lora_bias": (None, False),
    "modules_to_save": (None, []),
    "use_qalora": (None, False),
    "trainable_token_indices": (None, []),
}


@dataclass(frozen=True)
class _Factors:
    """`down` [rank, width] and `up` [rows, rank] of one weight."""

    down: mx.array
    up: mx.array
    scale: float


def read_adapter(folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> Change:
    """The change that the adapter makes to weights by our modules' names, whose `shapes` are given.

    Raises CheckpointError where a file is missing or does not fit the model, RefusedError for what is not plain LoRA.
    """
    values = read_json(folder / CONFIG_NAME)
    _check_plain(folder / CONFIG_NAME, values)
    factors = _read_factors(folder, values, shapes)

    def change(weights: dict[str, mx.array]) -> dict[str, mx.array]:
        added = {name: _merged(weights[name], factor) for name, factor in factors.items()}
        return weights | added

    return change


def _merged(weight: mx.array, factors: _Factors) -> mx.array:
    """In float32, then as precise as it was."""
    product = factors.up.astype(mx.float32) @ factors.down.astype(mx.float32)
    return (weight.astype(mx.float32) + factors.scale * product).astype(weight.dtype)


def _check_plain(file: Path, values: dict[str, Any]) -> None:
    if (kind := values.get("peft_type")) != "LORA":
        raise RefusedError(f"{file}: 'peft_type' is {kind!r}, and only 'LORA' can be fused.")
    for key, plain in _PLAIN.items():
        if values.get(key) not in plain:
            raise RefusedError(
                f"{file}: '{key}' is {values[key]!r}, and only plain LoRA can be fused: merge it in PEFT."
            )


def _read_factors(folder: Path, values: dict[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, _Factors]:
    file = folder / WEIGHTS_NAME
    if not file.is_file():
        raise CheckpointError(f"{file} is missing: the folder is no whole adapter. Get it again.")
    names = [info.name for info in read_header(file)]
    loaded: Any = mx.load(str(file))
    sides: dict[str, dict[str, mx.array]] = defaultdict(dict)
    for name in names:
        found = _FACTOR.fullmatch(name)
        if found is None:
            raise RefusedError(f"{file} holds '{name}', which is no factor of a linear layer's LoRA. Merge it in PEFT.")
        sides[found["module"]][found["side"]] = loaded[name]
    if not sides:
        raise CheckpointError(f"{file} holds no factors: there is nothing to fuse.")
    return {
        _weight_name(file, module, shapes): _factors(file, module, pair, values, shapes)
        for module, pair in sides.items()
    }


def _weight_name(file: Path, module: str, shapes: Mapping[str, tuple[int, ...]]) -> str:
    name = rename(f"{module}.weight")
    if name is None or name not in shapes:
        raise CheckpointError(f"{file} changes '{module}', which the model does not have: it is of another model.")
    return name


def _factors(
    file: Path,
    module: str,
    pair: Mapping[str, mx.array],
    values: dict[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
) -> _Factors:
    if pair.keys() != {"A", "B"}:
        raise CheckpointError(f"{file}: '{module}' has one factor of two. Get the adapter again.")
    down, up, wanted = pair["A"], pair["B"], shapes[_weight_name(file, module, shapes)]
    fits = down.ndim == up.ndim == len(wanted) == 2 and (up.shape[0], down.shape[1]) == wanted
    if not fits or up.shape[1] != down.shape[0]:
        raise CheckpointError(
            f"{file}: '{module}' is {list(up.shape)} times {list(down.shape)}, the model's weight {list(wanted)}."
        )
    if not all(mx.isfinite(side).all().item() for side in (down, up)):
        raise CheckpointError(f"{file}: '{module}' holds numbers that are not finite. Get the adapter again.")
    return _Factors(down, up, _scale(file.with_name(CONFIG_NAME), module, down.shape[0], values))


def _scale(file: Path, module: str, rank: int, values: dict[str, Any]) -> float:
    """lora_alpha / r, or / sqrt(r) for rank-stabilised LoRA; patterns name modules with a value of their own."""
    section = Section(values, file)
    alpha = _by_pattern(values.get("alpha_pattern"), module, section.get("lora_alpha", float))
    return alpha / (rank**0.5 if values.get("use_rslora") else rank)


def _by_pattern(patterns: Any, module: str, default: float) -> float:
    for pattern, value in (patterns or {}).items():
        if re.fullmatch(rf"(.*\.)?({pattern})", module):
            return float(value)
    return default
