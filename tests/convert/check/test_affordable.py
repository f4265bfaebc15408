"""How much of the check set a model reads: all, or what a budget of arithmetic allows."""

import json
from dataclasses import replace
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

from convert.check import affordable
from convert.check.affordable import Extent, beginning, extent, operations, with_grid
from convert.check.check_set import Item, read_items
from convert.check.comparison import trace
from convert.check.streamed_model import StreamedModel
from convert.conversion import convert
from convert.recipe import Recipe
from mlx_model.config import ModelConfig, read_model_config
from mlx_model.loading.checkpoint import load_to_stream
from mlx_model.prompting.prompt import Message, Text
from tests.checkpoints import model_config, write_checkpoint, write_configs


def published(preset: str, folder: Path) -> ModelConfig:
    write_configs(folder, preset, model_config(preset, real_size=True))
    return read_model_config(folder)


def items_for(config: ModelConfig) -> list[Item]:
    """As long as the set's own with the published tokenizer: two pictures, two texts."""
    message = Message("user", (Text("?"),))
    assert config.image_token_id is not None
    seen = (*[1] * 14, *[config.image_token_id] * config.tokens_per_tile, *[2] * 30)
    pictures = [Item(message, seen, len(seen) - 10, mx.zeros(1)) for _ in range(2)]
    return [*pictures, *(Item(message, (3,) * 48, 16, None) for _ in range(2))]


@pytest.fixture(autouse=True)
def on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affordable, "ON_METAL", False)


@pytest.mark.parametrize("preset", ["256m", "500m"])
def test_the_smaller_published_models_read_all_of_it(preset: str, tmp_path: Path) -> None:
    config = published(preset, tmp_path)
    assert affordable.affordable(items_for(config), config) == items_for(config)


def test_the_largest_reads_one_picture_thinned_out_and_one_text_within_the_budget(tmp_path: Path) -> None:
    config = published("2.2b", tmp_path)

    chosen = affordable.affordable(items_for(config), config)

    read = extent(chosen, config)
    assert (read.pictures, read.texts) == (1, 1)
    assert 0.04 < read.patches / read.patches_there < 1
    assert operations(chosen, config) <= affordable.SAMPLE < operations(items_for(config), config) / 5


def test_on_metal_all_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affordable, "ON_METAL", True)
    config = published("2.2b", tmp_path)
    assert affordable.affordable(items_for(config), config) == items_for(config)


def test_a_thinned_out_picture_has_as_many_image_tokens_as_its_patches_become(tmp_path: Path) -> None:
    config = published("2.2b", tmp_path)

    item = with_grid(items_for(config)[0], 9, config)

    assert item.ids.count(config.image_token_id) == 9 and item.patches(config) == 81
    assert item.ids[item.start :] == items_for(config)[0].ids[-10:]


def test_of_a_text_the_first_tokens_are_read_and_some_of_its_answer(tmp_path: Path) -> None:
    item = items_for(published("2.2b", tmp_path))[-1]

    assert beginning(item).ids == item.ids[:32] and beginning(item).start < 32
    assert len(beginning(replace(item, start=len(item.ids) - 1)).ids) == len(item.ids)


def test_the_patches_that_are_kept_reach_from_edge_to_edge(tmp_path: Path) -> None:
    model = StreamedModel(load_to_stream(write_checkpoint(tmp_path, "2.2b-v1")))
    pixels = [mx.random.normal((1, 110, 110, 3), key=mx.random.key(0))]

    (whole,), (thinned,) = model.place_patches(pixels), model.place_patches(pixels, [9])

    corners = [0, 26, 26 * 27, 27 * 27 - 1]
    assert thinned.shape[1] == 81
    assert mx.array_equal(thinned[0, mx.array([0, 8, 72, 80])], whole[0, mx.array(corners)])


def test_a_weight_that_was_spoilt_is_found_with_few_patches_too(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, "2.2b-v1")
    source, spoilt = load_to_stream(folder), load_to_stream(folder)
    items = [with_grid(item, 9, source.config) for item in read_items(source, "check") if item.pixels is not None][:1]
    layer = spoilt.model.vision_model.encoder.layers[1].mlp.fc2
    layer.weight = mx.concatenate([layer.weight[:1] * 3, layer.weight[1:]])

    ours, theirs = (trace(StreamedModel(one), items).features[0] for one in (source, spoilt))

    assert np.abs(np.array(ours) - np.array(theirs)).max() > 0.05 * np.abs(np.array(ours)).max()


def test_the_report_says_how_much_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affordable, "WHOLE", 1.0)
    monkeypatch.setattr(affordable, "SAMPLE", 1.0)
    source = write_checkpoint(tmp_path / "source", "2.2b-v1", dtype="bfloat16")

    convert(source, tmp_path / "out", Recipe(rounding="nearest"), greedy=False)

    report = json.loads((tmp_path / "out" / "conversion.json").read_text())
    assert Extent(*(report[name] for name in Extent.__dataclass_fields__)) == Extent(1, 1, 9, 729)
    assert (
        "Of each text its beginning, of each picture 1% of its patches."
        in (tmp_path / "out" / "CONVERSION.md").read_text()
    )
