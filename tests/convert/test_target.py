"""Bits chosen layer by layer until a size or a KL is reached."""

import json
from pathlib import Path

import numpy as np
import pytest

from convert.budget import ladder, largest_within, smallest_within
from convert.conversion import convert
from convert.recipe import Recipe
from convert.sensitivity import layer_sensitivities
from convert.target import recipe_for
from mlx_model.errors import ConversionError
from mlx_model.loading.checkpoint import load_lazily
from tests.checkpoints import model_config, tensors, write_configs
from tests.safetensors_files import save_tensors

NEAREST = Recipe(rounding="nearest")


def lopsided(folder: Path) -> Path:
    """Four decoder layers of which the second adds nothing, so that its rounding costs nothing."""
    config = {**model_config("smollm2"), "num_hidden_layers": 4}
    write_configs(folder, "smollm2", config)
    weights = tensors(config)
    for module in ("self_attn.o_proj", "mlp.down_proj"):
        weights[f"model.layers.1.{module}.weight"] *= np.float32(0)
    save_tensors(folder, weights, dtype="bfloat16")
    return folder


def test_a_layer_that_does_nothing_is_not_sensitive_and_the_others_are(tmp_path: Path) -> None:
    folder = lopsided(tmp_path / "source")

    found = layer_sensitivities(lambda: load_lazily(folder))

    assert len(found) == 4
    assert found[1] == pytest.approx(0, abs=1e-7)
    assert min(found[0], found[2], found[3]) > 1e-6


def test_bits_rise_one_layer_at_a_time_and_first_where_they_help_most() -> None:
    rungs = ladder(NEAREST, [0.1, 1.0])

    bits = [[rule.bits for rule in rung.rules] for rung in rungs]
    assert bits[0] == [2, 2] and bits[-1] == [8, 8]
    assert bits[1:3] == [[2, 3], [2, 4]]
    assert all(sum(after) > sum(before) for before, after in zip(bits, bits[1:], strict=False))


def test_a_size_is_kept_to_and_the_next_step_would_break_it(tmp_path: Path) -> None:
    source = lopsided(tmp_path / "source")

    recipe = recipe_for(source, NEAREST, max_bytes=700_000)
    result = convert(source, tmp_path / "out", recipe, greedy=False)

    assert 650_000 < result.bytes_after <= 700_000
    bits = {rule.pattern: rule.bits for rule in recipe.rules}
    assert bits["language_model.layers.1.*"] == min(bits.values()) < max(bits.values())


@pytest.mark.slow
def test_a_kl_is_kept_to_by_what_is_written(tmp_path: Path) -> None:
    source = lopsided(tmp_path / "source")
    convert(source, tmp_path / "uniform", Recipe(4, rounding="nearest"), greedy=False)
    wanted = json.loads((tmp_path / "uniform" / "conversion.json").read_text())

    recipe = recipe_for(source, NEAREST, target_kl=wanted["kl_per_token"])
    result = convert(source, tmp_path / "out", recipe, greedy=False)

    assert result.report.checked is not None
    assert result.report.checked.kl_per_token <= wanted["kl_per_token"]
    assert result.bytes_after <= wanted["bytes"] * 1.05


def test_a_goal_that_cannot_be_reached_is_said_with_what_can() -> None:
    rungs = ladder(NEAREST, [1.0])

    with pytest.raises(ConversionError, match=r"smallest possible result has 5\.0 MB"):
        largest_within(rungs, lambda rung: 5_000_000, 4_000_000)
    with pytest.raises(ConversionError, match="Even 8 bits everywhere"):
        smallest_within(rungs, lambda rung: 1.0, 0.5)
