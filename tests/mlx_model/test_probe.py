"""A few layers are measured for all: positive times that grow with what is measured.

By the processor's seconds, since other programs take some of those on the wall.
"""

import time
from dataclasses import replace

import pytest

from mlx_model import probe
from mlx_model.probe import measure_bandwidth, measure_decoder, measure_vision
from tools.published_counts import published_config


@pytest.fixture(autouse=True)
def cpu_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        perf_counter = staticmethod(time.process_time)

    monkeypatch.setattr(probe, "time", Clock)


def test_an_encoder_layer_with_sixteen_times_the_patches_costs_more() -> None:
    config, _ = published_config("256m")
    assert config.vision is not None
    small = replace(config.vision, hidden_size=192, intermediate_size=384, num_attention_heads=3, image_size=128)
    speeds = [
        measure_vision(replace(config, vision=replace(small, image_size=image_size))) for image_size in (128, 512)
    ]
    assert speeds[1].layer > speeds[0].layer
    assert speeds[1].ends > speeds[0].ends > 0


@pytest.mark.parametrize("bits", [4, 16])
def test_a_whole_step_of_a_prefill_costs_more_than_a_short_one(bits: int) -> None:
    config, _ = published_config("256m")
    text = replace(config.text, num_hidden_layers=2, hidden_size=192, intermediate_size=384, vocab_size=1024)
    speed = measure_decoder(replace(config, text=replace(text, num_attention_heads=3, num_key_value_heads=1)), bits)
    assert speed.whole_step > speed.short_step > 0
    assert speed.layer > 0 and speed.head > 0


def test_bandwidth_is_that_of_memory() -> None:
    """Between the slowest machine under load and the fastest there is."""
    assert 1e8 < measure_bandwidth() < 1e13
