"""What a picture and a clip will cost here: seconds and memory, from measured layers and counted shapes.

Nothing is run: a part's measured layer times its layers. Seconds and bytes throughout.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.doctor.measurement import Measurement
from app.doctor.shapes import published_shapes

if TYPE_CHECKING:
    from mlx_model.config import ModelConfig
    from mlx_model.measuring.probe import DecoderSpeed

UNPACKED = 16
QUESTION_TOKENS = 15  # of "Describe this image." with all that the template puts around it and one tile
TOKENS_BESIDE_A_TILE = 2  # the marker and the place of each further tile
TOKENS_BESIDE_A_FRAME = 13  # "Frame from MM:SS:" and the markers of its tile
CLIP_TOKENS = 45  # of a clip's introduction and the question


@dataclass(frozen=True)
class Wanted:
    """What is asked: so many tiles, a prompt of so many positions in all, an answer of so many tokens."""

    name: str
    tiles: int
    prompt_tokens: int
    answer_tokens: int = 64


@dataclass(frozen=True)
class Prediction:
    """`first_token` from the request on, `in_all` with the answer; `memory_bytes` is MLX's, the program takes more."""

    preprocess: float
    vision: float
    prefill: float
    tokens_per_second: float
    in_all: float
    memory_bytes: int

    @property
    def first_token(self) -> float:
        return self.preprocess + self.vision + self.prefill


def picture(config: "ModelConfig", rows: int = 0, cols: int = 0) -> Wanted:
    """A picture split in rows and columns beside the global tile; unsplit without them."""
    tiles = rows * cols + 1
    # A line feed ends each row, and one more stands before the global tile.
    beside = QUESTION_TOKENS + TOKENS_BESIDE_A_TILE * (tiles - 1) + (rows + 1 if rows else 0) - bool(rows)
    return Wanted("picture", tiles, tiles * config.tokens_per_tile + beside)


def clip(config: "ModelConfig", frames: int) -> Wanted:
    """So many frames of a clip, one tile each."""
    beside = CLIP_TOKENS + TOKENS_BESIDE_A_FRAME * frames
    return Wanted("clip", frames, frames * config.tokens_per_tile + beside)


def predict(measurement: Measurement, name: str, bits: int, wanted: Wanted) -> Prediction:
    """For the published shape `name`, its decoder's layers held at `bits` (of no effect where all is float32)."""
    config = published_shapes()[name]
    assert config.vision is not None, "published shapes see"
    seen = measurement.vision[name]
    speed = measurement.decoder[name].get(bits) or measurement.decoder[name][UNPACKED]
    layers = config.text.num_hidden_layers
    preprocess = wanted.tiles * measurement.preprocess
    vision = wanted.tiles * (config.vision.num_hidden_layers * seen.layer + seen.ends)
    prefill = layers * _prefill_seconds(config, speed, wanted.prompt_tokens) + speed.head
    token = layers * speed.layer + speed.head + _cache_bytes(measurement, config, wanted) / measurement.bandwidth
    return Prediction(
        preprocess=preprocess,
        vision=vision,
        prefill=prefill,
        tokens_per_second=1 / token,
        in_all=preprocess + vision + prefill + (wanted.answer_tokens - 1) * token,
        memory_bytes=predicted_memory(config, bits, wanted, metal=measurement.metal),
    )


def predicted_memory(config: "ModelConfig", bits: int, wanted: Wanted, *, metal: bool) -> int:
    """Weights as they are held, the KV cache at the end of the answer, and the largest intermediate arrays."""
    from mlx_model.measuring.footprint import answer_bytes

    positions = wanted.prompt_tokens + wanted.answer_tokens
    return weights_in_memory(config, bits if metal else 32) + answer_bytes(config, positions)


def weights_in_memory(config: "ModelConfig", bits: int) -> int:
    """Bytes of a checkpoint whose decoder has so many bits a weight; one that is packed has 8 elsewhere, and scales."""
    decoder, others = weight_counts(config)
    if bits >= UNPACKED:
        return (decoder + others) * bits // 8
    scales = 32 / 64  # bits a weight: a scale and a bias of 16 bits for each 64
    return int(decoder * (bits + scales) + others * (max(bits, 8) + scales)) // 8


def weight_counts(config: "ModelConfig") -> tuple[int, int]:
    """Weights of the decoder's layers, and all others."""
    text, vision = config.text, config.vision
    attention = 2 * text.hidden_size * (text.num_attention_heads + text.num_key_value_heads) * text.head_dim
    layer = attention + 3 * text.hidden_size * text.intermediate_size + 2 * text.hidden_size
    others = text.hidden_size * (1 + text.vocab_size * (1 if text.tie_word_embeddings else 2))
    if vision is not None:
        D, patches = vision.hidden_size, vision.patches_per_side**2
        encoder_layer = 4 * (D * D + D) + 2 * D * vision.intermediate_size + vision.intermediate_size + D + 4 * D
        others += vision.num_hidden_layers * encoder_layer + 2 * D + patches * D
        others += vision.num_channels * vision.patch_size**2 * D + D
        others += D * config.scale_factor**2 * text.hidden_size
    return text.num_hidden_layers * layer, others


def _cache_bytes(measurement: Measurement, config: "ModelConfig", wanted: Wanted) -> int:
    """What a token in the middle of the answer reads of the KV cache: the layers were measured with an empty one."""
    from mlx_model.measuring.counts import kv_cache_bytes

    positions = wanted.prompt_tokens + wanted.answer_tokens // 2
    return kv_cache_bytes(config.text, positions, 2 if measurement.metal else 4)


def _prefill_seconds(config: "ModelConfig", speed: "DecoderSpeed", positions: int) -> float:
    """One layer over a prompt: whole steps as measured, a rest between the two that were, and what attention to the
    steps before adds, by its share of the work."""
    from mlx_model.answering.generate import PREFILL_STEP
    from mlx_model.measuring.probe import SHORT_PREFILL

    def step(length: int) -> float:
        if length <= SHORT_PREFILL:
            return speed.short_step * length / SHORT_PREFILL
        share = (length - SHORT_PREFILL) / (PREFILL_STEP - SHORT_PREFILL)
        return speed.short_step + share * (speed.whole_step - speed.short_step)

    whole, rest = divmod(positions, PREFILL_STEP)
    seconds = whole * speed.whole_step + (step(rest) if rest else 0.0)
    text = config.text
    query = text.num_attention_heads * text.head_dim
    matrices = 2 * text.hidden_size * (text.num_attention_heads + text.num_key_value_heads) * text.head_dim
    matrices += 3 * text.hidden_size * text.intermediate_size
    earlier = sum(done * PREFILL_STEP * min(PREFILL_STEP, positions - done * PREFILL_STEP) for done in range(whole + 1))
    work_of_whole_step = PREFILL_STEP * (matrices + query * PREFILL_STEP)
    return seconds + 2 * query * earlier / work_of_whole_step * speed.whole_step
