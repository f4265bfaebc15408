"""What is measured stands for one layer, one tile and one token, whatever stack was run: the clock counts positions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mlx.core as mx
import pytest

from mlx_model import language, vision
from mlx_model.answering.features import TILES_PER_BATCH
from mlx_model.config import ModelConfig
from mlx_model.measuring import probe
from mlx_model.measuring.probe import measure_bandwidth, measure_decoder, measure_vision
from tools.published_counts import published_config

ENDS = 7.0  # "seconds" of everything but the layers


@pytest.fixture
def config() -> ModelConfig:
    """The 256M's, narrower."""
    whole, _ = published_config("256m")
    assert whole.vision is not None
    seen = replace(whole.vision, hidden_size=96, intermediate_size=192, num_attention_heads=3, image_size=128)
    read = replace(whole.text, hidden_size=192, intermediate_size=384, vocab_size=1024)
    return replace(whole, vision=seen, text=replace(read, num_attention_heads=3, num_key_value_heads=1))


@pytest.fixture(autouse=True)
def counting_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    positions = 0

    def counted(layer: type) -> None:
        call: Callable[..., mx.array] = layer.__call__

        def calling(self: Any, x: mx.array, *rest: Any) -> mx.array:
            nonlocal positions
            positions += x.shape[0] * x.shape[1]
            return call(self, x, *rest)

        monkeypatch.setattr(layer, "__call__", calling)

    def timed(work: Callable[[], object]) -> float:
        before = positions
        work()
        return ENDS + positions - before

    counted(vision.EncoderLayer)
    counted(language.DecoderLayer)
    monkeypatch.setattr(probe, "_median_of", timed)


def test_an_encoder_layer_is_that_of_one_tile(config: ModelConfig) -> None:
    speed = measure_vision(config)
    assert speed.layer == (128 // 16) ** 2
    assert speed.ends == ENDS / TILES_PER_BATCH


@pytest.mark.parametrize("bits", [4, 16])
@pytest.mark.parametrize("layers", [1, 3])
def test_a_decoder_layer_is_that_of_one_token_and_of_one_step(config: ModelConfig, layers: int, bits: int) -> None:
    speed = measure_decoder(replace(config, text=replace(config.text, num_hidden_layers=layers)), bits)
    assert speed.short_step == 80 + ENDS / layers
    assert speed.whole_step == 512 + ENDS / layers
    assert speed.layer == pytest.approx(1 + ENDS / layers / probe.DECODED)
    assert speed.head == ENDS


def test_as_many_decoder_layers_run_as_leave_the_caches(config: ModelConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown by the share of ENDS that each takes."""
    layer_bytes = 4 * (2 * 192 * 192 + 2 * 192 * 64 + 3 * 192 * 384)
    monkeypatch.setattr(probe, "UNCACHED_BYTES", 5 * layer_bytes)
    assert measure_decoder(config).short_step == pytest.approx(80 + ENDS / 5)


def test_bandwidth_is_the_bytes_of_a_matrix_over_its_time() -> None:
    assert measure_bandwidth() == 4096 * 16384 * probe._dtype().size / ENDS
