"""A model of the right shapes without its numbers, and the counts that it is there for.

Its weights are `hollow`, so the largest takes no more memory than its name. What answers questions runs on it as it is,
with the branches that Metal takes, and computes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten, tree_map

from mlx_model.answering import features
from mlx_model.answering.generate import prefill, stream_tokens
from mlx_model.answering.sampling import Sampler
from mlx_model.config import ImageConfig
from mlx_model.device import arithmetic
from mlx_model.loading.checkpoint import Checkpoint, open_checkpoint
from mlx_model.loading.quantized import make_room_for_packed, packed_modules
from mlx_model.loading.weights import check_names_and_shapes
from mlx_model.measuring.counts import (
    Counts,
    PictureCounts,
    TokenCounts,
    decode_flops,
    kv_cache_bytes,
    prefill_flops,
    vision_flops,
    weight_bytes,
)
from mlx_model.measuring.launches import Launches, hollow, recorded, replaced
from mlx_model.request import Sampling
from mlx_model.smolvlm import SmolVLM


def open_hollow(folder: Path) -> Checkpoint:
    """A folder's checkpoint with hollow weights of its own shapes, dtypes and packing, as Metal would hold them.

    Raises CheckpointError or RefusedError, as loading it would, but does not see numbers that are not finite.
    """
    checkpoint, weights = open_checkpoint(folder)
    make_room_for_packed(checkpoint.model, packed_modules(weights, checkpoint.config, folder), folder)
    check_names_and_shapes(checkpoint.model, weights, folder)
    checkpoint.model.load_weights([(name, hollow(weight.shape, weight.dtype)) for name, weight in weights.items()])
    hollow_out(checkpoint.model)
    return checkpoint


def hollow_out(model: SmolVLM, dtype: mx.Dtype | None = None) -> None:
    """Drop a model's numbers and keep its shapes; with `dtype`, as if all weights were of that kind.

    The decoder's projections are fused, as loading does.
    """
    for layer in model.language_model.layers:
        layer.fuse()
    model.update(tree_map(lambda weight: hollow(weight.shape, dtype or weight.dtype), model.parameters()))


def count(model: SmolVLM, image_config: ImageConfig | None, tiles: int, prompt_tokens: int) -> Counts:
    """What a prompt of so many tokens with a picture of so many tiles costs up to the first token, and the next one.

    `model` is hollow. `tiles` 0 is a prompt in words alone, which a model without `image_config` has.
    """
    config = model.config
    image_tokens = tiles * config.tokens_per_tile
    first = _launches(model, image_config, tiles, prompt_tokens, tokens=1)
    next_token = _launches(model, None, 0, 1, tokens=3) - _launches(model, None, 0, 1, tokens=2)
    weights: dict[str, mx.array] = dict(tree_flatten(model.parameters()))
    sizes = {name: weight.nbytes for name, weight in weights.items()}
    context = prompt_tokens + 1
    return Counts(
        PictureCounts(
            tiles=tiles,
            image_tokens=image_tokens,
            prompt_tokens=prompt_tokens,
            vision_flops=vision_flops(config, tiles),
            prefill_flops=prefill_flops(config.text, prompt_tokens),
            kernels=first.kernels,
            host_syncs=first.host_syncs,
        ),
        TokenCounts(
            context=context,
            flops=decode_flops(config.text, context),
            weight_bytes=weight_bytes(sizes, config.text),
            kv_cache_bytes=kv_cache_bytes(config.text, context, model.language_model.norm.weight.dtype.size),
            kernels=next_token.kernels,
            host_syncs=next_token.host_syncs,
        ),
    )


def _launches(
    model: SmolVLM, image_config: ImageConfig | None, tiles: int, prompt_tokens: int, *, tokens: int
) -> Launches:
    """An answer of so many tokens, as `stream_answer` goes about it."""

    def answer() -> None:
        tokens_seen = None
        ids = [0] * (prompt_tokens - tiles * model.config.tokens_per_tile)
        if image_config is not None and tiles:
            pixels = np.zeros((tiles, image_config.tile, image_config.tile, 3), np.uint8)
            seen = mx.concatenate(list(features.stream_features(model, pixels, image_config)))
            tokens_seen = seen[mx.array(list(range(tiles)))].flatten(0, 1)
            ids = [model.config.image_token_id or 0] * (prompt_tokens - len(ids)) + ids
        decoder = model.language_model
        cache = decoder.new_cache()
        *_, hidden = prefill(decoder, model.embed(mx.array([ids]), tokens_seen), cache)
        logits = decoder.logits(hidden)[0, -1]
        for _ in stream_tokens(decoder, logits, cache, Sampler(Sampling()), tokens):
            pass

    with _as_on_metal():
        return recorded(answer)


@contextmanager
def _as_on_metal() -> Iterator[None]:
    with (
        replaced(arithmetic, "ON_METAL", True),
        replaced(features, "TILES_PER_BATCH", features.METAL_TILES_PER_BATCH),
    ):
        yield
