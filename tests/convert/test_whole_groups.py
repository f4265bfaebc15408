"""An encoder's MLP of a width that no group divides: packed after all, and the model computes what it did."""

import json
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

import mlx_model
from convert.conversion import convert
from convert.recipe import Recipe, Rounding, Rule
from mlx_model.config import Quantization, read_model_config
from tests.checkpoints import write_checkpoint

LAYER = "vision_model.encoder.layers.0.mlp"
QUICKLY = Recipe(rounding="nearest")
NARROW, WIDE = 538, 576  # the small form's 2 * 269, and the next multiple of 64


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "source", "2.2b-v1", dtype="bfloat16")


def weights(folder: Path) -> dict[str, mx.array]:
    loaded: dict[str, mx.array] = {}
    for file in sorted(folder.glob("*.safetensors")):
        loaded |= mx.load(str(file))  # type: ignore[arg-type]
    return loaded


def features(folder: Path) -> np.ndarray:
    checkpoint = mlx_model.load(folder, keep_quantized=False)
    assert checkpoint.config.vision is not None
    side = checkpoint.config.vision.image_size
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, side, side, 3)).astype(np.float32)
    return np.array(checkpoint.model.encode_tiles(mx.array(pixels)))


def assert_close(ours: np.ndarray, theirs: np.ndarray, share: float) -> None:
    assert np.abs(ours - theirs).max() < share * np.abs(theirs).max()


def test_it_is_packed_and_config_json_says_how_wide_it_is(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "out", QUICKLY, check=False)

    config = read_model_config(tmp_path / "out")
    assert config.vision is not None and config.vision.intermediate_size == WIDE
    assert weights(tmp_path / "out")[f"{LAYER}.fc2.weight"].shape == (288, WIDE * 8 // 32)
    assert config.quantization[f"{LAYER}.fc2"] == Quantization(64, 8)
    assert json.loads((source / "config.json").read_text())["vision_config"]["intermediate_size"] == NARROW


def test_the_added_units_give_exactly_nothing(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "out", QUICKLY, check=False)

    model = mlx_model.load(tmp_path / "out", keep_quantized=False).model
    assert model.vision_model is not None
    for layer in model.vision_model.encoder.layers:
        fc1 = layer.mlp.fc1
        assert fc1.weight.shape[0] == WIDE
        assert not mx.any(fc1.weight[NARROW:]).item() and not mx.any(fc1.bias[NARROW:]).item()


def test_the_model_computes_what_it_did(source: Path, tmp_path: Path) -> None:
    """With 8 bits in the encoder's MLP alone the features stay within what rounding to 8 bits does."""
    mlp_alone = Recipe(16, rules=(Rule("vision_model.encoder.layers.*.mlp.*", 8),))
    convert(source, tmp_path / "out", mlp_alone, check=False)

    assert_close(features(tmp_path / "out"), features(source), 0.02)


@pytest.mark.parametrize("rounding", ["nearest", "learned"])
def test_few_bits_are_rounded_well_there_too(source: Path, tmp_path: Path, rounding: Rounding) -> None:
    encoder_alone = Recipe(16, rounding=rounding, rules=(Rule("vision*", 4),))
    convert(source, tmp_path / rounding, encoder_alone, greedy=False)

    report = json.loads((tmp_path / rounding / "conversion.json").read_text())
    assert 0 < report["parts"]["vision"]["relative_error"] < 0.2


@pytest.mark.parametrize("recipe", [Recipe(16), Recipe(rounding="nearest", rules=(Rule("vision*", 16),))])
def test_where_it_is_not_packed_it_stays_as_it_is(source: Path, tmp_path: Path, recipe: Recipe) -> None:
    convert(source, tmp_path / "out", recipe, check=False)
    assert weights(tmp_path / "out")[f"{LAYER}.fc2.weight"].shape == (288, NARROW)


def test_a_wide_one_goes_back_into_the_hubs_form(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "out", QUICKLY, check=False)
    convert(tmp_path / "out", tmp_path / "hub", target="hub", check=False)
    assert_close(features(tmp_path / "hub"), features(tmp_path / "out"), 0.02)  # once more in bfloat16
