"""A folder becomes a model that owes nothing to the folder any more, or says at once why it cannot.

`tests/app/cli/test_broken_models.py` has the folders that must be refused.
"""

import json
import logging
import os
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from mlx.utils import tree_flatten

import mlx_model
from mlx_model.device import cpu
from mlx_model.device.arithmetic import ON_METAL
from mlx_model.errors import CheckpointError
from mlx_model.loading.checkpoint import Checkpoint
from tests.checkpoints import model_config, tensors, write_checkpoint
from tests.safetensors_files import save_tensors

IDS = mx.array([[5, 6, 7]])


def dtypes(checkpoint: Checkpoint) -> set[mx.Dtype]:
    weights: dict[str, mx.array] = dict(tree_flatten(checkpoint.model.parameters()))
    return {weight.dtype for weight in weights.values()}


def test_a_folder_may_be_named_by_a_string(seeing: Checkpoint, seeing_folder: Path) -> None:
    checkpoint = mlx_model.load(str(seeing_folder))
    assert checkpoint.config == seeing.config
    assert mx.array_equal(checkpoint.model(IDS), seeing.model(IDS))


def test_a_checkpoint_brings_all_that_a_question_takes(seeing: Checkpoint, seeing_folder: Path) -> None:
    assert (seeing.folder, seeing.config.model_type) == (seeing_folder, "smolvlm")
    assert seeing.image_config is not None and seeing.image_config.tile == 64
    assert seeing.template is not None
    assert seeing.stop_ids == {seeing.tokenizer.token_id("<end_of_utterance>")}


def test_a_model_of_words_alone_has_no_picture_side(reading: Checkpoint) -> None:
    assert (reading.image_config, reading.config.vision, reading.config.image_token_id) == (None, None, None)
    assert reading.config.tokens_per_tile == 0
    assert "vision_model" not in reading.model


def test_a_base_checkpoint_without_a_template_is_loaded(tmp_path: Path) -> None:
    (write_checkpoint(tmp_path) / "chat_template.json").unlink()
    assert mlx_model.load(tmp_path).template is None


def test_nothing_is_read_from_the_folder_after_loading(tmp_path: Path) -> None:
    checkpoint = mlx_model.load(write_checkpoint(tmp_path, "smollm2"))
    file = tmp_path / "model.safetensors"
    with file.open("r+b") as weights:
        weights.write(bytes(file.stat().st_size))
    logits = checkpoint.model(IDS)
    (tmp_path / "again").mkdir()
    again = mlx_model.load(write_checkpoint(tmp_path / "again", "smollm2"))
    assert mx.array_equal(logits, again.model(IDS))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32"])
def test_the_device_decides_the_dtype(dtype: str, tmp_path: Path) -> None:
    checkpoint = mlx_model.load(write_checkpoint(tmp_path, "smollm2", dtype=dtype))
    assert dtypes(checkpoint) == {getattr(mx, dtype) if ON_METAL else mx.float32}
    assert checkpoint.model(IDS).dtype in dtypes(checkpoint)


@pytest.mark.skipif(ON_METAL, reason="a CPU's way of multiplying")
def test_on_a_cpu_single_rows_are_multiplied_from_the_other_side(seeing: Checkpoint) -> None:
    assert isinstance(seeing.model.language_model.lm_head, cpu.Linear)
    assert isinstance(seeing.model.vision_model.encoder.layers[0].mlp.fc1, cpu.Linear)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_numbers_that_are_not_finite_are_found(number: float, dtype: str, tmp_path: Path) -> None:
    write_checkpoint(tmp_path, "smollm2")
    weights = tensors(model_config("smollm2"))
    weights["model.layers.1.mlp.up_proj.weight"][3, 4] = number
    save_tensors(tmp_path, weights, dtype=dtype)
    with pytest.raises(CheckpointError, match=r"language_model\.layers\.1\.mlp\.up_proj\.weight holds numbers"):
        mlx_model.load(tmp_path)


def test_what_is_no_folder_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"")
    for path in (tmp_path / "nothing", file):
        with pytest.raises(CheckpointError, match=f"{path.name} is no folder"):
            mlx_model.load(path)


def test_files_of_two_checkpoints_do_not_make_one(tmp_path: Path) -> None:
    write_checkpoint(tmp_path)
    file = tmp_path / "preprocessor_config.json"
    values = json.loads(file.read_text(encoding="utf-8"))
    values["max_image_size"]["longest_edge"] = 512
    file.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"tiles of 512 pixels, config\.json's encoder takes 64"):
        mlx_model.load(tmp_path)


@pytest.mark.parametrize("way", ["script", "auto_map"])
def test_code_in_the_folder_is_warned_of_and_ignored(
    way: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_checkpoint(tmp_path, "smollm2")
    if way == "script":
        (tmp_path / "modeling_smol.py").write_text("raise SystemExit('ran')", encoding="utf-8")
    else:
        config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
        (tmp_path / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "x.Y"}}))
    with caplog.at_level(logging.WARNING):
        mlx_model.load(tmp_path)
    (warning,) = caplog.messages
    assert str(tmp_path) in warning and "ignored" in warning
    assert ("modeling_smol.py" if way == "script" else "auto_map") in warning


def test_a_folder_with_a_fifo_in_place_of_a_file_is_refused_without_waiting(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "piped")
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")
    with pytest.raises(CheckpointError, match="config.json is no regular file"):
        mlx_model.load(folder)
