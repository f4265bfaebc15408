"""What a checkpoint's JSON must say, may leave out, and must not say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlx_model.config import ImageConfig, ModelConfig, Quantization, read_image_config, read_model_config
from mlx_model.errors import CheckpointError, RefusedError
from tests.checkpoints import PRESETS, model_config, write_configs

TEXT_KEYS = (
    *("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"),
    *("rope_theta", "max_position_embeddings", "vocab_size", "rms_norm_eps"),
)
VISION_KEYS = ("hidden_size", "num_attention_heads", "image_size", "patch_size")
REQUIRED = (
    *("model_type", "text_config", "vision_config", "scale_factor", "image_token_id"),
    *(f"text_config.{key}" for key in TEXT_KEYS),
    *(f"vision_config.{key}" for key in VISION_KEYS),
)
IMAGE_KEYS = (
    *("max_image_size", "max_image_size.longest_edge", "size", "size.longest_edge", "image_mean", "image_std"),
    *("video_sampling.fps", "video_sampling.max_frames", "video_sampling.video_size.longest_edge"),
)


class Folder:
    """A checkpoint's JSON files, to be edited by dotted keys."""

    def __init__(self, path: Path, preset: str = "256m") -> None:
        self.path = path
        write_configs(path, preset, model_config(preset))

    def edit(self, key: str, change: Callable[[dict[str, Any], str], None], file: str) -> "Folder":
        values = section = json.loads((self.path / file).read_text(encoding="utf-8"))
        *parents, last = key.split(".")
        for parent in parents:
            section = section[parent]
        change(section, last)
        (self.path / file).write_text(json.dumps(values), encoding="utf-8")
        return self

    def set(self, key: str, value: Any, file: str = "config.json") -> "Folder":
        return self.edit(key, lambda section, last: section.update({last: value}), file)

    def drop(self, key: str, file: str = "config.json") -> "Folder":
        return self.edit(key, lambda section, last: section.pop(last), file)

    @property
    def model(self) -> ModelConfig:
        return read_model_config(self.path)

    @property
    def image(self) -> ImageConfig:
        return read_image_config(self.path)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize("key", REQUIRED)
@pytest.mark.parametrize("way", ["absent", "null"])
def test_a_missing_key_is_named_with_its_file(key: str, way: str, folder: Folder) -> None:
    folder.set(key, None) if way == "null" else folder.drop(key)
    with pytest.raises(CheckpointError) as raised:
        _ = folder.model
    assert str(folder.path / "config.json") in str(raised.value)
    assert f"'{key}'" in str(raised.value)


@pytest.mark.parametrize("key", TEXT_KEYS)
def test_a_missing_key_of_a_text_model_is_named(key: str, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=f"config.json lacks '{key}'"):
        _ = Folder(tmp_path, "smollm2").drop(key).model


@pytest.mark.parametrize("key", IMAGE_KEYS)
def test_a_missing_key_of_the_image_processor_is_named(key: str, folder: Folder) -> None:
    with pytest.raises(CheckpointError, match=f"preprocessor_config.json lacks '{key}'"):
        _ = folder.drop(key, "preprocessor_config.json").image


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("vision_config.intermediate_size", 3072),
        ("vision_config.num_hidden_layers", 12),
        ("vision_config.num_channels", 3),
        ("vision_config.layer_norm_eps", 1e-6),
        ("text_config.head_dim", 64),
        ("text_config.hidden_act", None),
        ("tie_word_embeddings", False),
        ("pad_token_id", None),
    ],
)
@pytest.mark.parametrize("way", ["absent", "null"])
def test_what_published_files_leave_out_is_the_references_default(
    key: str, default: Any, way: str, folder: Folder
) -> None:
    folder.set(key, 7)
    config = (folder.set(key, None) if way == "null" else folder.drop(key)).model
    part = {"vision_config": config.vision, "text_config": config.text}.get(key.split(".")[0], config.text)
    assert getattr(part, key.split(".")[-1], None) == default


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text_config.hidden_size", "576"),
        ("text_config.hidden_size", 576.0),
        ("text_config.hidden_size", True),
        ("text_config.hidden_size", [576]),
        ("text_config.num_hidden_layers", 0),
        ("text_config.num_hidden_layers", -30),
        ("text_config.vocab_size", 2**31),
        ("text_config.rope_theta", "1e5"),
        ("text_config.rope_theta", 0),
        ("text_config.rope_theta", -100000),
        ("text_config.rope_theta", float("nan")),
        ("text_config.rope_theta", 10**400),
        ("text_config.rms_norm_eps", float("inf")),
        ("text_config.tie_word_embeddings", "false"),
        ("text_config.num_key_value_heads", 4),
        ("vision_config.layer_norm_eps", "small"),
        ("vision_config.num_attention_heads", 3),
        ("tie_word_embeddings", "false"),
        ("scale_factor", 3),
        ("scale_factor", 0),
        ("image_token_id", -1),
        ("image_token_id", 419),
        ("eos_token_id", "2"),
        ("eos_token_id", [2, "x"]),
        ("text_config", []),
        ("quantization", "4bit"),
        ("quantization", {"group_size": 64}),
        ("quantization", {"bits": 4}),
        ("quantization", {"group_size": 64, "bits": 4, "lm_head": {"bits": "8"}}),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_file(key: str, value: Any, folder: Folder) -> None:
    with pytest.raises(CheckpointError) as raised:
        _ = folder.set(key, value).model
    assert str(folder.path / "config.json") in str(raised.value)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("model_type", "llava", "llava"),
        ("model_file", "modeling.py", "never runs code"),
        ("text_config.model_type", "mistral", "mistral"),
        ("text_config.hidden_act", "gelu", "gelu"),
        ("vision_config.hidden_act", "gelu", "gelu"),
        ("text_config.rope_scaling", {"type": "linear", "factor": 2.0}, "linear"),
        ("text_config.rope_scaling", {"rope_type": "llama3"}, "llama3"),
        ("text_config.rope_parameters", {"rope_type": "yarn", "rope_theta": 1e5}, "yarn"),
        ("quantization", {"group_size": 32, "bits": 4, "mode": "mxfp4"}, "mxfp4"),
    ],
)
def test_another_architecture_is_refused_by_its_name(key: str, value: Any, words: str, folder: Folder) -> None:
    with pytest.raises(RefusedError, match=words) as raised:
        _ = folder.set(key, value).model
    assert str(folder.path / "config.json") in str(raised.value)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_rope_base_may_stand_in_either_place(preset: str, tmp_path: Path) -> None:
    folder = Folder(tmp_path, preset)
    direct = folder.model.text.rope_theta
    write_configs(tmp_path, preset, model_config(preset, rope_in="rope_parameters"))
    assert folder.model.text.rope_theta == direct > 1


def test_what_no_model_needs_is_ignored(folder: Folder) -> None:
    plain = folder.model
    for key, value in (("use_cache", True), ("pad_token_id", 128002), ("auto_map", {}), ("rope_scaling", None)):
        folder.set(key, value)
    folder.set("text_config.rope_scaling", None).set("text_config.rope_parameters", None).set("quantization", None)
    assert folder.model == plain


@pytest.mark.parametrize("place", ["tie_word_embeddings", "text_config.tie_word_embeddings"])
def test_a_tied_head_may_be_said_in_either_place(place: str, folder: Folder) -> None:
    assert not folder.model.text.tie_word_embeddings
    folder.drop("tie_word_embeddings").drop("text_config.tie_word_embeddings").set(place, True)
    assert folder.model.text.tie_word_embeddings


@pytest.mark.parametrize(("eos", "ids"), [(2, (2,)), ([2, 418], (2, 418)), (None, ()), ([], ())])
def test_the_end_of_an_answer_may_be_one_id_or_several(eos: Any, ids: tuple[int, ...], folder: Folder) -> None:
    assert folder.set("eos_token_id", eos).model.eos_token_ids == ids


def test_packing_has_a_default_and_exceptions(folder: Folder) -> None:
    folder.set(
        "quantization",
        {
            "group_size": 64,
            "bits": 4,
            "mode": "affine",
            "language_model.lm_head": {"bits": 8},
            "connector.modality_projection.proj": {"group_size": 32, "bits": 6, "mode": "affine"},
            "vision_model.encoder.layers.0.mlp.fc2": False,
            "vision_model.encoder.layers.0.mlp.fc1": True,
        },
    )
    assert folder.model.quantization == {
        "": Quantization(64, 4),
        "language_model.lm_head": Quantization(64, 8),
        "connector.modality_projection.proj": Quantization(32, 6),
        "vision_model.encoder.layers.0.mlp.fc2": None,
    }


def test_the_image_processor_says_tiles_edges_and_frames(folder: Folder) -> None:
    assert folder.image == ImageConfig(64, 256, (0.5,) * 3, (0.5,) * 3, 1.0, 64, 64)
    assert folder.image.high == 4
    without = folder.drop("video_sampling", "preprocessor_config.json").image
    assert (without.video_fps, without.video_max_frames, without.video_edge) == (1.0, 64, None)


@pytest.mark.parametrize(
    ("key", "value"),
    [("do_resize", False), ("do_rescale", False), ("do_normalize", False), ("resample", 3), ("resample", 0)],
)
def test_an_image_processor_that_works_otherwise_is_refused(key: str, value: Any, folder: Folder) -> None:
    with pytest.raises(RefusedError, match=rf"preprocessor_config.json: '{key}'"):
        _ = folder.set(key, value, "preprocessor_config.json").image


@pytest.mark.parametrize("value", [0.5, [0.5], [0.5] * 4, ["a", "b", "c"], [0.5, 0.5, float("nan")], None])
@pytest.mark.parametrize("key", ["image_mean", "image_std"])
def test_channels_are_three_numbers(key: str, value: Any, folder: Folder) -> None:
    with pytest.raises(CheckpointError, match=key):
        _ = folder.set(key, value, "preprocessor_config.json").image


# Tokens a tile, high, hidden size, layers, heads and key heads of the decoder, layers and MLP of the encoder, context.
PUBLISHED = {
    "smolvlm2-256m": (64, 4, 576, 30, 9, 3, 12, 3072, 8192),
    "smolvlm-256m-v1": (64, 4, 576, 30, 9, 3, 12, 3072, 8192),
    "smolvlm2-500m": (64, 4, 960, 32, 15, 5, 12, 3072, 8192),
    "smolvlm2-2.2b": (81, 4, 2048, 24, 32, 32, 27, 4304, 8192),
    "smolvlm-2.2b-v1": (81, 4, 2048, 24, 32, 32, 27, 4304, 16384),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_files_are_read_as_they_are(name: str, shared: Path) -> None:
    folder = shared / "data" / "configs" / name
    config, image = read_model_config(folder), read_image_config(folder)
    text, vision = config.text, config.vision
    assert vision is not None and vision.image_size == image.tile
    assert PUBLISHED[name] == (
        *(config.tokens_per_tile, image.high, text.hidden_size, text.num_hidden_layers, text.num_attention_heads),
        *(text.num_key_value_heads, vision.num_hidden_layers, vision.intermediate_size, text.max_position_embeddings),
    )
    assert (vision.layer_norm_eps, text.rms_norm_eps, text.tie_word_embeddings) == (1e-6, 1e-5, False)
