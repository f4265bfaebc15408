"""How fast this machine runs a model of some shape, measured on a few of its layers with random weights.

A stack of equal layers costs so many times one of them, so a few stand for all; decoder layers are as many as it takes
to leave the processor's caches, since reading weights from memory is most of a token's time. Seconds throughout.
Knows neither files nor published models; whoever asks multiplies.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import TypeVar

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from mlx_model.answering.features import TILES_PER_BATCH, stream_features
from mlx_model.answering.generate import PREFILL_STEP, prefill, stream_tokens
from mlx_model.answering.sampling import Sampler
from mlx_model.config import ImageConfig, ModelConfig
from mlx_model.device import cpu
from mlx_model.device.arithmetic import ON_METAL
from mlx_model.request import Sampling
from mlx_model.smolvlm import SmolVLM

Model = TypeVar("Model", bound=nn.Module)

ROUNDS = 3
UNCACHED_BYTES = 128 << 20  # of decoder weights: more than the caches of most processors
VISION_LAYERS = 2
DECODED = 12  # tokens for one measurement
SHORT_PREFILL = 80  # positions: one tile and a question; a whole step is the other
UNPACKED = 16
GROUP_SIZE = 64
CAREFUL_BITS = 8  # at least, for the head of a conversion


@dataclass(frozen=True)
class VisionSpeed:
    """Of an encoder: one layer for one tile, and everything around the layers for one tile, the connector too."""

    layer: float
    ends: float


@dataclass(frozen=True)
class DecoderSpeed:
    """Of a decoder: one layer for one token, and for a short and a whole step of a prefill; `head` for one token."""

    layer: float
    head: float
    short_step: float
    whole_step: float


def measure_vision(config: ModelConfig) -> VisionSpeed:
    """The encoder and connector of these shapes, in this device's arithmetic."""
    whole = config.vision
    assert whole is not None, "there is an encoder"
    tile = whole.image_size
    image_config = ImageConfig(tile=tile, longest_edge=tile, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    pixels = np.random.default_rng(0).integers(0, 256, (TILES_PER_BATCH, tile, tile, 3), dtype=np.uint8)

    def seconds(layers: int) -> float:
        vision = replace(whole, num_hidden_layers=layers)
        text = replace(config.text, num_hidden_layers=0, vocab_size=1)
        model = _ready(SmolVLM(replace(config, vision=vision, text=text)))
        return _median_of(lambda: list(stream_features(model, pixels, image_config))) / TILES_PER_BATCH

    ends = seconds(0)
    return VisionSpeed(layer=max(seconds(VISION_LAYERS) - ends, 0.0) / VISION_LAYERS, ends=ends)


def measure_decoder(config: ModelConfig, bits: int = UNPACKED) -> DecoderSpeed:
    """The decoder of these shapes; `bits` below 16 packs its layers, as a conversion does."""
    text = config.text
    layer_bytes = 4 * (2 * text.hidden_size * (text.num_attention_heads + text.num_key_value_heads) * text.head_dim)
    layer_bytes += 4 * 3 * text.hidden_size * text.intermediate_size
    layers = min(text.num_hidden_layers, max(1, -(-UNCACHED_BYTES // layer_bytes)))
    model = _ready(SmolVLM(replace(config, vision=None, text=replace(text, num_hidden_layers=layers, vocab_size=1))))
    decoder = model.language_model
    if bits < UNPACKED:
        nn.quantize(decoder, GROUP_SIZE, bits, class_predicate=lambda path, layer: isinstance(layer, nn.Linear))
    for layer in decoder.layers:
        layer.fuse()
    mx.eval(decoder.parameters())

    def read(positions: int) -> None:
        mx.clear_cache()  # as before every answer, so that its memory is taken from the system anew
        list(prefill(decoder, mx.zeros((1, positions, text.hidden_size), _dtype()), decoder.new_cache()))

    def decode() -> None:
        logits = mx.zeros((1,), _dtype())
        list(stream_tokens(decoder, logits, decoder.new_cache(), Sampler(Sampling()), DECODED + 1))

    return DecoderSpeed(
        layer=_median_of(decode) / DECODED / layers,
        head=_head_seconds(text.hidden_size, text.vocab_size, bits),
        short_step=_median_of(lambda: read(SHORT_PREFILL)) / layers,
        whole_step=_median_of(lambda: read(PREFILL_STEP)) / layers,
    )


def measure_bandwidth() -> float:
    """Bytes a second that a matrix times a vector reads, as every token does with the weights."""
    columns, rows = 4096, 16384
    seconds = _head_seconds(columns, rows)
    return columns * rows * _dtype().size / seconds


def _head_seconds(columns: int, rows: int, bits: int = UNPACKED) -> float:
    head: nn.Module = _ready(nn.Linear(columns, rows, bias=False))
    if bits < UNPACKED:
        head = nn.QuantizedLinear.from_linear(head, GROUP_SIZE, max(bits, CAREFUL_BITS))
        mx.eval(head.parameters())
    x = mx.ones((1, 1, columns), _dtype())
    return _median_of(lambda: mx.eval(head(x)))


def _ready(model: Model) -> Model:
    """In the arithmetic of this device, as after loading."""
    model.set_dtype(_dtype())
    mx.eval(model.parameters())
    if not ON_METAL:
        cpu.replace_layers(model)
    model.eval()
    return model


def _dtype() -> mx.Dtype:
    return mx.bfloat16 if ON_METAL else mx.float32


def _median_of(work: Callable[[], object]) -> float:
    work()  # kernels are compiled and memory is taken the first time
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return median(times)
