"""Packed folders as strangers write them: any module packed or not, each with bits and groups of its own.

Each loads, packed and expanded, with the logits of the numbers that it holds, or is refused with folder and module.
"""

import tempfile
from functools import cache
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlx_model.config import Quantization
from mlx_model.errors import CheckpointError
from mlx_model.loading.checkpoint import load
from tests.checkpoints import model_config, tensors, write_configs
from tests.mlx_model.packed_folder import pack
from tests.mlx_model.test_any_folder import IDS, QUICK
from tests.safetensors_files import save_tensors

PACKINGS = [Quantization(group, bits) for group in (32, 64) for bits in (2, 3, 4, 5, 6, 8)]
PRESETS = st.sampled_from(["256m", "2.2b", "smollm2"])
FAULTS = ("no words", "no scales", "no biases", "short scales", "nan scales", "other bits", "other groups", "plain")


@cache
def weights_of(preset: str) -> dict[str, np.ndarray]:
    return tensors(model_config(preset), layout="mlx-community")


def any_recipe(preset: str, seed: int) -> dict[str, Quantization | None]:
    """For each module a packing that divides its rows, or none: every part of the model."""
    rng = np.random.default_rng(seed)
    recipe: dict[str, Quantization | None] = {}
    for name, array in weights_of(preset).items():
        fitting = [one for one in PACKINGS if array.ndim == 2 and array.shape[1] % one.group_size == 0]
        choice = int(rng.integers(0, len(fitting) + 1))
        recipe[name.removesuffix(".weight")] = fitting[choice] if choice < len(fitting) else None
    return recipe


def write(folder: Path, preset: str, weights: dict[str, mx.array], entry: dict[str, object] | None) -> Path:
    write_configs(folder, preset, model_config(preset) | ({} if entry is None else {"quantization": entry}))
    mx.save_safetensors(str(folder / "model.safetensors"), weights)
    return folder


def logits(folder: Path, *, packed: bool) -> np.ndarray:
    return np.array(load(folder, keep_quantized=packed).model(IDS).astype(mx.float32))


def expanded(weights: dict[str, mx.array], recipe: dict[str, Quantization | None]) -> dict[str, np.ndarray]:
    """The numbers that the packed tensors stand for."""
    plain = {}
    for name, weight in weights.items():
        module = name.removesuffix(".weight")
        if f"{module}.scales" in weights and (packing := recipe[module]) is not None:
            scales, biases = weights[f"{module}.scales"], weights[f"{module}.biases"]
            weight = mx.dequantize(weight, scales, biases, group_size=packing.group_size, bits=packing.bits)
        if not name.endswith((".scales", ".biases")):
            plain[name] = np.array(weight)
    return plain


@QUICK
@given(preset=PRESETS, seed=st.integers(0, 2**16), default=st.sampled_from(PACKINGS))
def test_however_a_checkpoint_is_packed_its_logits_are_those_of_its_numbers(
    preset: str, seed: int, default: Quantization
) -> None:
    recipe = any_recipe(preset, seed)
    with tempfile.TemporaryDirectory() as scratch:
        weights, entry = pack(weights_of(preset), default, recipe)
        folder = write(Path(scratch) / "packed", preset, weights, entry)
        plain = Path(scratch) / "plain"
        write_configs(plain, preset, model_config(preset))
        save_tensors(plain, expanded(weights, recipe))

        expected = logits(plain, packed=False)
        np.testing.assert_array_equal(logits(folder, packed=False), expected)
        np.testing.assert_allclose(logits(folder, packed=True), expected, atol=1e-4 * np.ptp(expected))


@QUICK
@given(
    preset=PRESETS,
    seed=st.integers(0, 2**16),
    which=st.integers(0, 2**16),
    fault=st.sampled_from(FAULTS),
    packed=st.booleans(),
)
def test_one_module_packed_otherwise_than_said_is_refused_by_place_and_name(
    preset: str, seed: int, which: int, fault: str, packed: bool
) -> None:
    recipe = any_recipe(preset, seed)
    weights, entry = pack(weights_of(preset), Quantization(64, 4), recipe)
    modules = sorted(name.removesuffix(".scales") for name in weights if name.endswith(".scales"))
    module = modules[which % len(modules)]
    spoil(weights, entry, module, recipe[module] or Quantization(64, 4), fault)

    with tempfile.TemporaryDirectory() as scratch, pytest.raises(CheckpointError) as raised:
        load(write(Path(scratch) / "packed", preset, weights, entry), keep_quantized=packed)

    said = str(raised.value)
    assert scratch in said
    assert module.split("model.", 1)[-1] in said, said


def spoil(
    weights: dict[str, mx.array], entry: dict[str, object], module: str, packing: Quantization, fault: str
) -> None:
    """Make one module's tensors, or what config.json says of them, wrong."""
    kind, _, what = fault.partition(" ")
    if kind == "no":
        del weights[f"{module}.{'weight' if what == 'words' else what}"]
    elif kind == "short":
        weights[f"{module}.scales"] = weights[f"{module}.scales"][:, :-1]
    elif kind == "nan":
        weights[f"{module}.scales"] = mx.full(weights[f"{module}.scales"].shape, float("nan"))
    elif fault == "plain":
        entry[module] = False
    elif what == "bits":
        entry[module] = {"group_size": packing.group_size, "bits": 8 if packing.bits != 8 else 4}
    else:
        entry[module] = {"group_size": 32 if packing.group_size == 64 else 64, "bits": packing.bits}


@pytest.mark.parametrize("preset", ["256m", "smollm2"])
def test_packed_tensors_without_a_word_of_how_are_refused_by_the_missing_key(tmp_path: Path, preset: str) -> None:
    weights, _ = pack(weights_of(preset), Quantization(64, 4), {})

    with pytest.raises(CheckpointError, match="is packed, but config.json's 'quantization' does not say how"):
        load(write(tmp_path, preset, weights, None))
