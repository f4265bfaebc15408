"""What a picture and a token cost, counted from shapes: the same on every machine.

A FLOP count is that of the matrix products and of attention, two for each multiply-add; norms, activations and softmax
are left out, as is usual. Of causal attention only what is not masked counts. Knows configurations, not weights: their
bytes are handed in. Sizes in bytes, L and S in positions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mlx_model.config import ModelConfig, TextConfig


@dataclass(frozen=True)
class PictureCounts:
    """From the pixels to the first token, for every tile different. `kernels` and `host_syncs` as on Metal."""

    tiles: int
    image_tokens: int
    prompt_tokens: int
    vision_flops: int
    prefill_flops: int
    kernels: int
    host_syncs: int


@dataclass(frozen=True)
class TokenCounts:
    """The next token, when `context` positions are seen, its own among them."""

    context: int
    flops: int
    weight_bytes: int
    kv_cache_bytes: int
    kernels: int
    host_syncs: int


@dataclass(frozen=True)
class Counts:
    picture: PictureCounts
    token: TokenCounts


def vision_flops(config: ModelConfig, tiles: int) -> int:
    """Encoder and connector, for so many tiles; 0 for a model without eyes."""
    vision = config.vision
    if vision is None:
        return 0
    N, D = vision.patches_per_side**2, vision.hidden_size
    patches = N * vision.num_channels * vision.patch_size**2 * D
    projections = 4 * N * D * D + 2 * N * D * vision.intermediate_size
    attention = 2 * N * N * D
    connector = config.tokens_per_tile * (D * config.scale_factor**2) * config.text.hidden_size
    return 2 * tiles * (patches + vision.num_hidden_layers * (projections + attention) + connector)


def prefill_flops(config: TextConfig, L: int) -> int:
    """The decoder over a prompt, and the head once."""
    attention = 2 * _query_width(config) * L * (L + 1) // 2
    return 2 * (config.num_hidden_layers * (L * _layer_weights(config) + attention) + _head_weights(config))


def decode_flops(config: TextConfig, S: int) -> int:
    """One token that sees S positions."""
    attention = 2 * _query_width(config) * S
    return 2 * (config.num_hidden_layers * (_layer_weights(config) + attention) + _head_weights(config))


def kv_cache_bytes(config: TextConfig, S: int, itemsize: int) -> int:
    """Keys and values of S positions, each number of `itemsize` bytes: what one token reads."""
    return 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * S * itemsize


def weight_bytes(sizes: Mapping[str, int], config: TextConfig) -> int:
    """What one token reads of the weights, whose bytes are given by parameter name: all of the decoder, a row to embed.

    A tied head reads the whole embedding as well.
    """
    embedding = sum(size for name, size in sizes.items() if name.startswith("language_model.embed_tokens."))
    decoder = sum(size for name, size in sizes.items() if name.startswith("language_model.")) - embedding
    return decoder + embedding // config.vocab_size + (embedding if config.tie_word_embeddings else 0)


def _query_width(config: TextConfig) -> int:
    return config.num_attention_heads * config.head_dim


def _layer_weights(config: TextConfig) -> int:
    """Numbers in the matrices of one layer: q and o, k and v, gate, up and down."""
    D, key_width = config.hidden_size, config.num_key_value_heads * config.head_dim
    return 2 * D * _query_width(config) + 2 * D * key_width + 3 * D * config.intermediate_size


def _head_weights(config: TextConfig) -> int:
    return config.hidden_size * config.vocab_size
