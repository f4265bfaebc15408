"""What a picture and a token cost with the published checkpoints, as tables for docs/performance.md.

From their configurations alone: no weights, no tokenizer, so a prompt is the picture's image tokens and nothing else.
"""

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import mlx_model  # noqa: F401  # isort: skip
import mlx.core as mx
import mlx.nn as nn

from app.bench.report import markdown
from convert.recipe import Recipe
from mlx_model.config import ImageConfig, ModelConfig, read_image_config, read_model_config
from mlx_model.measuring import skeleton
from mlx_model.measuring.counts import Counts
from mlx_model.media.images import Detail, plan
from mlx_model.smolvlm import SmolVLM
from tests.checkpoints import model_config, write_configs

PUBLISHED = {
    "SmolVLM-256M": "256m-v1",
    "SmolVLM2-256M": "256m",
    "SmolVLM2-500M": "500m",
    "SmolVLM (2.2B)": "2.2b-v1",
    "SmolVLM2-2.2B": "2.2b",
}
PICTURE = (640, 480)
DETAILS: tuple[Detail, ...] = ("low", "auto", "high")


@cache
def published_tables() -> str:
    """A table of pictures and a table of tokens, with a blank line between."""
    pictures, tokens = [], []
    for name, preset in PUBLISHED.items():
        config, image_config = published_config(preset)
        model = plain_model(config)
        for detail in DETAILS:
            counts = _count(model, image_config, detail)
            pictures.append([name, f"`{detail}`", *_picture_cells(counts)])
        tokens.append([name, *_token_cells(counts, _count(packed_model(config), image_config, "high"))])
    return "\n".join(_with_headings(pictures, tokens))


def published_config(preset: str) -> tuple[ModelConfig, ImageConfig]:
    with tempfile.TemporaryDirectory() as folder:
        write_configs(Path(folder), preset, model_config(preset, real_size=True))
        return read_model_config(Path(folder)), read_image_config(Path(folder))


def plain_model(config: ModelConfig) -> SmolVLM:
    """Hollow, in bfloat16, as the checkpoints are published."""
    model = SmolVLM(config)
    skeleton.hollow_out(model, mx.bfloat16)
    return model


def packed_model(config: ModelConfig) -> SmolVLM:
    """The same as `smolsight convert` packs it."""
    model, recipe = plain_model(config), Recipe()

    def packing(path: str, module: nn.Module) -> bool | dict[str, int]:
        name = f"{path}.weight"
        found = recipe.quantization_for(name, module.weight.shape) if "weight" in module else None
        return {"group_size": found.group_size, "bits": found.bits} if found else False

    nn.quantize(model, class_predicate=packing)
    skeleton.hollow_out(model)
    return model


def _count(model: SmolVLM, image_config: ImageConfig, detail: Detail) -> Counts:
    tiles = plan(*PICTURE, detail, image_config).tiles
    return skeleton.count(model, image_config, tiles, tiles * model.config.tokens_per_tile)


def _picture_cells(counts: Counts) -> list[str]:
    seen = counts.picture
    gflops = [f"{flops / 1e9:,.0f}" for flops in (seen.vision_flops, seen.prefill_flops)]
    return [str(seen.tiles), f"{seen.image_tokens:,}", *gflops, f"{seen.kernels:,}", str(seen.host_syncs)]


def _token_cells(plain: Counts, packed: Counts) -> list[str]:
    token = plain.token
    sizes = (token.weight_bytes, packed.token.weight_bytes, token.kv_cache_bytes)
    megabytes = [f"{size / 1e6:,.0f}" for size in sizes]
    return [f"{token.flops / 1e9:.2f}", *megabytes, str(token.kernels), str(token.host_syncs)]


def _with_headings(pictures: list[list[str]], tokens: list[list[str]]) -> Iterator[str]:
    width, height = PICTURE
    columns = ["detail", "tiles", "image tokens", "encoder GFLOP", "prefill GFLOP", "kernels", "host syncs"]
    yield markdown([f"{width} x {height} picture", *columns], pictures)
    columns = ["GFLOP", "weights, MB", "at 4 bits, MB", "KV cache, MB", "kernels", "host syncs"]
    yield markdown(["next token", *columns], tokens)
