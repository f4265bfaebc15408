"""The tables in docs/performance.md are of the published shapes."""

from pathlib import Path

import pytest

from mlx_model.config import read_image_config, read_model_config
from tools.bench.__main__ import with_measured
from tools.published_counts import packed_model, plain_model, published_config
from tools.quotes import PERFORMANCE

FOLDERS = {
    "256m-v1": "smolvlm-256m-v1",
    "256m": "smolvlm2-256m",
    "500m": "smolvlm2-500m",
    "2.2b-v1": "smolvlm-2.2b-v1",
    "2.2b": "smolvlm2-2.2b",
}


@pytest.mark.parametrize("preset", FOLDERS)
def test_a_counted_shape_is_the_published_one(preset: str, shared: Path) -> None:
    folder = shared / "data" / "configs" / FOLDERS[preset]
    config, image_config = published_config(preset)
    published, published_images = read_model_config(folder), read_image_config(folder)
    assert config.vision == published.vision
    assert (config.scale_factor, config.tokens_per_tile) == (published.scale_factor, published.tokens_per_tile)
    assert (image_config.tile, image_config.longest_edge) == (published_images.tile, published_images.longest_edge)
    for name in (
        "hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads head_dim vocab_size "
        "tie_word_embeddings"
    ).split():
        assert getattr(config.text, name) == getattr(published.text, name), name


def test_packing_is_that_of_convert() -> None:
    config, _ = published_config("256m")
    plain, packed = plain_model(config), packed_model(config)
    layer = packed.language_model.layers[0]
    modules = (layer.mlp.down_proj, packed.language_model.lm_head, packed.connector.modality_projection.proj)
    assert [module.bits for module in modules] == [4, 8, 8]
    assert plain.language_model.layers[0].mlp.down_proj.weight.nbytes == 576 * 1536 * 2
    assert layer.mlp.down_proj.weight.nbytes == 576 * 1536 // 2


def test_the_page_has_one_place_for_what_is_measured() -> None:
    page = PERFORMANCE.read_text(encoding="utf-8")
    once = with_measured(page, "| a table |\n")
    assert once.count("| a table |") == 1
    assert with_measured(once, "| another |\n") == once.replace("| a table |", "| another |")
    assert with_measured(page, "")[-200:] == page[-200:]
