"""Packed layers, kept as they are or expanded: one model either way, and contradictions are found at load."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest
from mlx.utils import tree_flatten

import mlx_model
from mlx_model.config import Quantization, read_model_config
from mlx_model.errors import CheckpointError
from mlx_model.loading.quantized import expand, packed_modules
from mlx_model.loading.weights import read_weights
from tests.mlx_model.packed_folder import DEFAULT, RECIPE, pack_one, write_packed
from tests.parity.logit_cases import Case, inputs

Change = Callable[[dict[str, mx.array], dict[str, object]], None]


def logits(folder: Path, *, keep_quantized: bool) -> np.ndarray:
    model = mlx_model.load(folder, keep_quantized=keep_quantized).model
    ids, pixels = inputs(Case("256m").config)
    assert pixels is not None
    return np.asarray(model(mx.array(ids), mx.array(pixels)))[0]


def unpacked_by_hand(weight: mx.array, scales: mx.array, biases: mx.array, packing: Quantization) -> np.ndarray:
    """Every weight is a run of bits, the lowest first; scale times that plus bias, in float32."""
    words = np.asarray(weight)
    bits = np.unpackbits(words.view(np.uint8), axis=-1, bitorder="little").reshape(len(words), -1, packing.bits)
    numbers = (bits * 2 ** np.arange(packing.bits)).sum(axis=-1, dtype=np.float32)
    grouped = numbers.reshape(*scales.shape, packing.group_size)
    expanded = grouped * np.asarray(scales.astype(mx.float32))[..., None]
    return (expanded + np.asarray(biases.astype(mx.float32))[..., None]).reshape(len(words), -1)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_packed(tmp_path_factory.mktemp("packed"))


def test_kept_and_expanded_layers_are_one_model(packed: Path) -> None:
    kept, expanded = logits(packed, keep_quantized=True), logits(packed, keep_quantized=False)
    assert np.abs(kept - expanded).max() < 1e-4 * np.ptp(expanded)
    assert np.array_equal(kept.argmax(-1), expanded.argmax(-1))


def test_layers_stay_packed_where_that_is_asked_for(packed: Path) -> None:
    model = mlx_model.load(packed, keep_quantized=True).model
    kinds = {path: type(module) for path, module in model.named_modules()}
    assert kinds["language_model.layers.0.mlp.gate_up_proj"] is nn.QuantizedLinear
    assert kinds["language_model.embed_tokens"] is nn.QuantizedEmbedding
    assert model.language_model.lm_head.bits == 8
    assert model.language_model.lm_head.group_size == 32
    assert issubclass(kinds["vision_model.encoder.layers.0.mlp.fc1"], nn.Linear)
    assert kinds["vision_model.encoder.layers.1.mlp.fc1"] is nn.QuantizedLinear


def test_expanded_layers_are_plain_ones_in_float32(packed: Path) -> None:
    model = mlx_model.load(packed, keep_quantized=False).model
    assert not any(isinstance(module, nn.QuantizedLinear | nn.QuantizedEmbedding) for module in model.modules())
    weights: dict[str, mx.array] = dict(tree_flatten(model.parameters()))
    assert {weight.dtype for weight in weights.values()} == {mx.float32}


@pytest.mark.parametrize("scales_in", [mx.float32, mx.float16], ids=["float32", "float16"])
@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 8])
@pytest.mark.parametrize("group_size", [32, 64])
def test_expanding_is_scale_times_number_plus_bias(
    bits: int, group_size: int, scales_in: mx.Dtype, packed: Path
) -> None:
    packing = Quantization(group_size, bits)
    weight, *rest = pack_one(mx.random.normal((24, 192), key=mx.random.key(0)), packing)
    scales, biases = (part.astype(scales_in) for part in rest)
    config = replace(read_model_config(packed), quantization={"": packing})
    stored = {"layer.weight": weight, "layer.scales": scales, "layer.biases": biases}
    expanded = expand(stored, config, packed)
    assert list(expanded) == ["layer.weight"]
    assert list(stored) == ["layer.weight", "layer.scales", "layer.biases"]
    assert np.allclose(expanded["layer.weight"], unpacked_by_hand(weight, scales, biases, packing), rtol=0, atol=1e-6)


@pytest.mark.parametrize("names", ["ours", "the hub's"])
def test_packings_are_found_by_the_names_that_the_file_uses(names: str, packed: Path) -> None:
    config = read_model_config(packed)
    prefix = "language_model.layers.0" if names == "ours" else "model.text_model.layers.0"
    config = replace(config, quantization={"": DEFAULT, f"{prefix}.mlp.up_proj": Quantization(32, 8)})
    scales = {f"language_model.layers.{layer}.mlp.up_proj.scales": mx.ones(1) for layer in (0, 1)}
    assert packed_modules(scales, config, packed) == {
        "language_model.layers.0.mlp.up_proj": Quantization(32, 8),
        "language_model.layers.1.mlp.up_proj": DEFAULT,
    }


def test_a_layer_is_packed_where_it_has_scales_whatever_config_says(packed: Path) -> None:
    """Folders of mlx-vlm state one packing and leave out what it did not fit."""
    weights, config = read_weights(packed, read_model_config(packed)), read_model_config(packed)
    modules = packed_modules(weights, config, packed)
    assert not any(path.startswith("vision_model.encoder.layers.0") for path in modules)
    assert modules["connector.modality_projection.proj"] == RECIPE["connector"]


UP = "language_model.layers.1.mlp.up_proj"


def lose(name: str) -> Change:
    def change(weights: dict[str, mx.array], entry: dict[str, object]) -> None:
        del weights[name]

    return change


def put(name: str, value: mx.array) -> Change:
    return lambda weights, entry: weights.update({name: value})


def state(key: str, value: object) -> Change:
    return lambda weights, entry: entry.update({key: value})


CONTRADICTIONS: dict[str, tuple[Change, str]] = {
    "scales lost": (lose(f"{UP}.scales"), UP),
    "biases lost": (lose(f"{UP}.biases"), UP),
    "packed weight lost": (lose(f"{UP}.weight"), UP),
    "other bits": (state("bits", 8), "language_model.layers.0"),
    "bits that MLX has not": (state("bits", 7), "7"),
    "other groups": (state("group_size", 32), "language_model.layers.0"),
    "groups that MLX has not": (state("group_size", 48), "48"),
    "groups that do not fit": (state("group_size", 128), "128"),
    "scales of another shape": (put(f"{UP}.scales", mx.ones((192, 3))), UP),
    "weight not packed": (put(f"{UP}.weight", mx.ones((192, 576))), UP),
    "weight of another shape": (put(f"{UP}.weight", mx.ones((100, 72), mx.uint32)), UP),
    "a norm with scales": (put("language_model.norm.scales", mx.ones((1, 9))), "language_model.norm"),
    "a module that is not": (put("language_model.extra.scales", mx.ones((1, 9))), "language_model.extra"),
    "said to be plain": (state(UP, False), UP),
    "NaN in the scales": (put(f"{UP}.scales", mx.full((192, 9), mx.nan)), UP),
}


@pytest.mark.parametrize("keep_quantized", [True, False], ids=["kept", "expanded"])
@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_packing_that_contradicts_the_weights_is_found_at_load(
    name: str, keep_quantized: bool, tmp_path: Path
) -> None:
    change, words = CONTRADICTIONS[name]
    folder = write_packed(tmp_path, change=change)
    with pytest.raises(CheckpointError) as raised:
        mlx_model.load(folder, keep_quantized=keep_quantized)
    assert words in str(raised.value)
    assert str(folder) in str(raised.value)
