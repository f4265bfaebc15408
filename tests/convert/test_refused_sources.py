"""Sources that cannot be converted: one sentence, and nothing is left where the output would have been."""

import json
from pathlib import Path

import numpy as np
import pytest

from convert.recipe import Recipe
from mlx_model.errors import CheckpointError, ConversionError, ModelError, RefusedError
from tests.broken_models import BROKEN_MODELS
from tests.checkpoints import model_config, tensors, write_checkpoint
from tests.convert.bare import convert
from tests.safetensors_files import save_safetensors


@pytest.mark.parametrize("name", [name for name in BROKEN_MODELS if name != "packed without saying how"])
def test_a_broken_folder_is_refused_in_words_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    source = write_checkpoint(tmp_path / "source", "256m")
    BROKEN_MODELS[name].damage(source)

    with pytest.raises(ModelError) as raised:
        convert(source, tmp_path / "out")

    assert all(words in str(raised.value) for words in BROKEN_MODELS[name].words), str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_folder_that_another_program_packed_is_refused_by_its_method(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "smollm2")
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps(config | {"quantization_config": {"quant_method": "gptq"}}))

    with pytest.raises(RefusedError, match=r"config.json: 'quantization_config' says .* packed by gptq"):
        convert(source, tmp_path / "out")


def test_scales_that_no_configuration_speaks_of_are_refused(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "smollm2")
    weights = tensors(model_config("smollm2"))
    weights["model.layers.0.mlp.up_proj.scales"] = np.ones((256, 3), np.float32)
    save_safetensors(source / "model.safetensors", weights)

    with pytest.raises(CheckpointError, match="up_proj is packed, but config.json's 'quantization' does not say how"):
        convert(source, tmp_path / "out")


def test_whole_numbers_are_no_weights(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "smollm2")
    weights = tensors(model_config("smollm2"))
    weights["model.norm.weight"] = np.ones(192, np.uint32)
    save_safetensors(source / "model.safetensors", weights)

    with pytest.raises(CheckpointError, match=r"'model.norm.weight' is of dtype U32"):
        convert(source, tmp_path / "out")


@pytest.mark.parametrize("shard", [0, 1])
def test_a_shard_that_is_cut_short_is_named(tmp_path: Path, shard: int) -> None:
    source = write_checkpoint(tmp_path / "source", "256m", shards=2)
    file = sorted(source.glob("*.safetensors"))[shard]
    file.write_bytes(file.read_bytes()[:-1000])

    with pytest.raises(CheckpointError, match=f"{file.name} is damaged"):
        convert(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_number_that_is_not_finite_in_the_last_shard_leaves_nothing(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "256m", shards=2)
    file = sorted(source.glob("*.safetensors"))[1]
    content = bytearray(file.read_bytes())
    content[-4:] = np.float32(np.nan).tobytes()
    file.write_bytes(content)

    with pytest.raises(CheckpointError, match="not finite"):
        convert(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_source_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nothing to convert"):
        convert(tmp_path / "nothing", tmp_path / "out")


def test_an_existing_output_is_kept_unless_forced(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "smollm2")
    convert(source, tmp_path / "out")
    before = (tmp_path / "out" / "model.safetensors").read_bytes()

    with pytest.raises(ConversionError, match="--force"):
        convert(source, tmp_path / "out", Recipe(8))
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == before

    convert(source, tmp_path / "out", Recipe(8), force=True)
    assert (tmp_path / "out" / "model.safetensors").read_bytes() != before


def test_a_forced_conversion_that_fails_keeps_the_older_output(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "256m")
    convert(source, tmp_path / "out")
    before = (tmp_path / "out" / "model.safetensors").read_bytes()
    BROKEN_MODELS["NaN"].damage(source)

    with pytest.raises(CheckpointError):
        convert(source, tmp_path / "out", force=True)
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_an_output_inside_the_source_is_refused(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "smollm2")

    with pytest.raises(ConversionError, match="inside each other"):
        convert(source, source / "4bit")
    with pytest.raises(ConversionError, match="inside each other"):
        convert(source, source, force=True)


def test_a_disk_without_room_is_found_before_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 1000

    source = write_checkpoint(tmp_path / "source", "smollm2")
    monkeypatch.setattr("convert.conversion.shutil.disk_usage", lambda folder: Usage)

    with pytest.raises(ConversionError, match="The weights need 0.0 GB, and the disk"):
        convert(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
