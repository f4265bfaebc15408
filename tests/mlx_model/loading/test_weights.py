"""Names of every family become ours, headers are believed only after a check, and nothing is missing or too much."""

import json
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from mlx.utils import tree_flatten

from mlx_model.config import read_model_config
from mlx_model.errors import CheckpointError
from mlx_model.loading.weights import check_names_and_shapes, read_index, read_weights, rename
from mlx_model.smolvlm import SmolVLM
from tests.checkpoints import PRESETS, Layout, mlx_community_name, model_config, tensor_shapes, tensors, write_configs
from tests.safetensors_files import save_safetensors, save_tensors

NORM = "model.text_model.norm.weight"
PATCHES = "vision_model.embeddings.patch_embedding.weight"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("model.vision_model.encoder.layers.3.mlp.fc1.bias", "vision_model.encoder.layers.3.mlp.fc1.bias"),
        ("model.connector.modality_projection.proj.weight", "connector.modality_projection.proj.weight"),
        ("model.text_model.layers.0.mlp.up_proj.weight", "language_model.layers.0.mlp.up_proj.weight"),
        ("model.text_model.norm.weight", "language_model.norm.weight"),
        ("vision_model.post_layernorm.weight", "vision_model.post_layernorm.weight"),
        ("connector.modality_projection.proj.scales", "connector.modality_projection.proj.scales"),
        ("language_model.layers.0.mlp.up_proj.biases", "language_model.layers.0.mlp.up_proj.biases"),
        ("language_model.model.layers.0.mlp.up_proj.weight", "language_model.layers.0.mlp.up_proj.weight"),
        ("language_model.lm_head.weight", "language_model.lm_head.weight"),
        ("lm_head.weight", "language_model.lm_head.weight"),
        ("model.embed_tokens.weight", "language_model.embed_tokens.weight"),
        ("model.layers.29.self_attn.q_proj.weight", "language_model.layers.29.self_attn.q_proj.weight"),
        ("model.layers.0.self_attn.rotary_emb.inv_freq", None),
        ("model.text_model.layers.0.self_attn.rotary_emb.inv_freq", None),
        ("vision_model.embeddings.position_ids", None),
        ("something.else", "something.else"),
    ],
)
def test_every_family_of_names_is_ours_after_renaming(theirs: str, ours: str | None) -> None:
    assert rename(theirs) == ours


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("layout", ["hub", "mlx-community"])
def test_renamed_names_are_those_of_the_modules(preset: str, layout: Layout, tmp_path: Path) -> None:
    config = model_config(preset)
    write_configs(tmp_path, preset, config)
    names = tensor_shapes(config)
    renamed = {rename(mlx_community_name(name) if layout == "mlx-community" else name) for name in names}
    parameters: dict[str, mx.array] = dict(tree_flatten(SmolVLM(read_model_config(tmp_path)).parameters()))
    assert renamed == parameters.keys()


class Folder:
    """A small checkpoint whose weights are written last, so that a test may change them."""

    def __init__(self, path: Path, preset: str = "256m", layout: Layout = "hub", tied: bool | None = None) -> None:
        self.path, self.preset = path, preset
        config = model_config(preset, tied=tied)
        write_configs(path, preset, config)
        self.arrays = tensors(config, layout=layout)

    def save(self, shards: int = 1) -> "Folder":
        save_tensors(self.path, self.arrays, shards=shards)
        return self

    def weights(self) -> dict[str, mx.array]:
        return read_weights(self.path, read_model_config(self.path))

    def check(self) -> None:
        check_names_and_shapes(SmolVLM(read_model_config(self.path)), self.weights(), self.path)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_whole_folder_is_in_order(folder: Folder) -> None:
    folder.save().check()


@pytest.mark.parametrize("shards", [1, 3])
def test_the_index_has_every_tensor_with_its_shape_and_file(shards: int, folder: Folder) -> None:
    index = read_index(folder.save(shards).path)
    assert {name: info.shape for name, info in index.items()} == {n: a.shape for n, a in folder.arrays.items()}
    assert {info.dtype for info in index.values()} == {"F32"}
    assert len({info.file for info in index.values()}) == shards


@pytest.mark.parametrize("layout", ["hub", "mlx-community"])
def test_the_patch_embedding_is_channels_last_whichever_way_it_was(layout: Layout, tmp_path: Path) -> None:
    other = tensors(model_config("256m"))["model.vision_model.embeddings.patch_embedding.weight"]
    read = Folder(tmp_path, layout=layout).save().weights()[PATCHES]
    assert np.array_equal(np.asarray(read), other.transpose(0, 2, 3, 1))


@pytest.mark.parametrize(
    "name", ["model.text_model.layers.0.self_attn.rotary_emb.inv_freq", "model.vision_model.embeddings.position_ids"]
)
def test_a_buffer_that_modules_compute_is_left_out(name: str, folder: Folder) -> None:
    folder.arrays[name] = np.ones(8, np.float32)
    folder.save().check()


def test_a_tied_head_that_the_file_repeats_is_left_out(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "smollm2")
    folder.arrays["lm_head.weight"] = folder.arrays["model.embed_tokens.weight"]
    folder.save().check()
    assert "language_model.lm_head.weight" not in folder.weights()


def test_an_untied_head_that_is_not_there_is_missed(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "smollm2", tied=False)
    del folder.arrays["lm_head.weight"]
    with pytest.raises(CheckpointError, match=r"lacks 1 tensor \(language_model\.lm_head\.weight\)"):
        folder.save().check()


def test_missing_tensors_are_counted_and_the_first_are_named(folder: Folder) -> None:
    for name in [name for name in folder.arrays if "layers.1.mlp" in name and "text_model" in name]:
        del folder.arrays[name]
    del folder.arrays[NORM], folder.arrays["lm_head.weight"]
    with pytest.raises(CheckpointError) as raised:
        folder.save().check()
    assert f"{folder.path} lacks 5 tensors (language_model.layers.1.mlp.down_proj.weight, " in str(raised.value)
    assert "and 2 more" in str(raised.value)


def test_surplus_tensors_are_named(folder: Folder) -> None:
    folder.arrays["model.text_model.layers.0.self_attn.q_norm.weight"] = np.ones(64, np.float32)
    with pytest.raises(
        CheckpointError, match=r"holds 1 tensor \(language_model\.layers\.0\.self_attn\.q_norm\.weight\)"
    ):
        folder.save().check()


@pytest.mark.parametrize("name", [NORM, "lm_head.weight", "model.vision_model.embeddings.patch_embedding.weight"])
def test_a_wrong_shape_is_named_with_both(name: str, folder: Folder) -> None:
    right = folder.arrays[name].shape
    folder.arrays[name] = np.ones((*right[:-1], right[-1] + 1), np.float32)
    with pytest.raises(CheckpointError) as raised:
        folder.save().check()
    assert str(rename(name)) in str(raised.value) and str(right[-1] + 1) in str(raised.value)


def test_more_layers_than_the_files_hold_are_refused(folder: Folder) -> None:
    config = json.loads((folder.path / "config.json").read_text(encoding="utf-8"))
    config["text_config"]["num_hidden_layers"] = 31
    (folder.path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(CheckpointError, match="'num_hidden_layers' is 31, the weights have 2 layers"):
        folder.save().weights()


def test_a_tensor_under_two_names_is_refused(folder: Folder) -> None:
    folder.arrays["language_model.norm.weight"] = folder.arrays[NORM]
    with pytest.raises(CheckpointError, match=r"second tensor for language_model\.norm\.weight"):
        folder.save().weights()


def test_a_tensor_in_two_files_is_refused(folder: Folder) -> None:
    folder.save(shards=2)
    save_safetensors(folder.path / "model-00002-of-00002.safetensors", folder.arrays)
    with pytest.raises(CheckpointError, match=r"stands in model-00001-of-00002\.safetensors already"):
        folder.weights()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def append(file: Path) -> None:
    file.write_bytes(file.read_bytes() + bytes(16))


def empty(file: Path) -> None:
    file.write_bytes(b"")


def as_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("damage", [cut, append, empty, Path.unlink, as_folder])
@pytest.mark.parametrize("shards", [1, 2])
def test_a_damaged_or_missing_file_is_named(damage: Callable[[Path], None], shards: int, folder: Folder) -> None:
    file = sorted(folder.save(shards).path.glob("*.safetensors"))[-1]
    damage(file)
    with pytest.raises(CheckpointError, match=file.name):
        folder.weights()


@pytest.mark.parametrize(
    "weight_map",
    [{}, [], {NORM: 1}, {NORM: "../model.safetensors"}, {NORM: "weights.bin"}, {NORM: "sub/model.safetensors"}, None],
)
def test_an_index_that_leads_nowhere_is_refused(weight_map: object, folder: Folder) -> None:
    folder.save(shards=2)
    content = {} if weight_map is None else {"weight_map": weight_map}
    (folder.path / "model.safetensors.index.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"model\.safetensors\.index\.json"):
        folder.weights()
