"""Predictions: the arithmetic from measured layers, and shapes that are the published ones."""

from math import prod
from pathlib import Path

import pytest
from PIL import Image

from app.bench import ours
from app.bench.measured import Job
from app.doctor.prediction import clip, picture, predict, predicted_memory, weight_counts
from app.doctor.report import lines, speeds
from app.doctor.shapes import published_shapes
from app.own_process import in_own_process
from app.shelf.catalogue import catalogue
from convert.recipe import part_of
from mlx_model.config import read_model_config
from mlx_model.measuring.footprint import answer_bytes, loaded_bytes, stored_parts
from tests.app.doctor.measurements import machine
from tests.checkpoints import model_config, tensor_shapes, write_checkpoint
from tools.published_counts import published_config


@pytest.mark.parametrize("name", ["256m", "500m", "2.2b"])
def test_shapes_are_the_published_ones(name: str) -> None:
    config, shape = published_config(name)[0], published_shapes()[name]
    assert (shape.text, shape.vision, shape.scale_factor) == (config.text, config.vision, config.scale_factor)


@pytest.mark.parametrize("name", ["256m", "500m", "2.2b"])
def test_weights_are_counted_to_the_last_one(name: str) -> None:
    (known,) = [known for known in catalogue() if known.name == name]
    decoder, others = weight_counts(published_shapes()[name])
    assert decoder + others == known.parameters
    shapes = tensor_shapes(model_config(name, real_size=True))
    assert decoder == sum(prod(shape) for tensor, shape in shapes.items() if ".text_model.layers." in tensor)


def test_prompts_are_as_long_as_those_that_were_counted() -> None:
    """79 and 874 tokens: what the benchmark counted for a picture of 640 x 480 pixels at `auto` and at `high`."""
    config = published_shapes()["256m"]
    assert picture(config).prompt_tokens == 79
    assert (picture(config, 3, 4).tiles, picture(config, 3, 4).prompt_tokens) == (13, 874)
    assert clip(config, 30).tiles == 30


def test_a_prediction_is_the_measured_layers_times_their_number() -> None:
    made = predict(machine(), "256m", 16, picture(published_shapes()["256m"]))
    assert made.vision == pytest.approx(12 * 0.01 + 0.005)
    assert made.prefill == pytest.approx(30 * 0.0008 * 79 / 80 + 0.001)
    assert made.preprocess == pytest.approx(0.001)
    assert made.first_token == pytest.approx(made.vision + made.prefill + made.preprocess)
    cache = 2 * 30 * 3 * 64 * (79 + 32) * 4
    assert made.tokens_per_second == pytest.approx(1 / (30 * 0.0001 + 0.001 + cache / 1e11))
    assert made.in_all == pytest.approx(made.first_token + 63 / made.tokens_per_second)


def test_a_long_prompt_costs_its_steps_and_the_attention_between_them() -> None:
    config = published_shapes()["256m"]
    made = predict(machine(), "256m", 16, picture(config, 3, 4))
    two_steps = 30 * (0.004 + 0.0008 + (874 - 512 - 80) / 432 * 0.0032) + 0.001
    assert two_steps < made.prefill < 1.1 * two_steps


def test_fewer_bits_take_less_memory_on_metal_and_none_less_on_a_cpu() -> None:
    config = published_shapes()["500m"]
    wanted = picture(config)
    on_metal = [predicted_memory(config, bits, wanted, metal=True) for bits in (4, 8, 16)]
    on_cpu = [predicted_memory(config, bits, wanted, metal=False) for bits in (4, 8, 16)]
    assert on_metal == sorted(on_metal) and on_metal[0] < 0.6 * on_metal[2]
    assert len(set(on_cpu)) == 1 and on_cpu[0] > 1.8 * on_metal[2]


def test_memory_is_what_mlx_counts_within_a_third(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "small", "256m")
    Image.effect_noise((64, 48), 100).save(tmp_path / "noise.png")
    run = in_own_process("Smolsight", ours.measure, Job(folder, tmp_path / "noise.png", "low", 8))
    config = read_model_config(folder)
    weights = loaded_bytes(stored_parts(folder, config, part_of))
    predicted = weights + answer_bytes(config, run.prompt_tokens + run.generated_tokens)
    assert predicted / run.peak_memory_bytes == pytest.approx(1, abs=0.3)


def test_the_report_has_a_line_for_each_size_and_packing() -> None:
    assert [(line.name, line.bits) for line in lines(machine(metal=True))] == [
        (name, bits) for name in ("256m", "500m", "2.2b") for bits in (4, 8, 16)
    ]
    assert [line.bits for line in lines(machine())] == [16, 16, 16]
    assert speeds(machine()).tiles_per_second == pytest.approx(1 / 0.125)
