"""What can be converted beside a hub folder, and into what beside ours: packed folders, adapters, the hub's form."""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import mlx_model
from convert.recipe import Recipe
from mlx_model.errors import CheckpointError, ConversionError, RefusedError
from tests.checkpoints import model_config, tensors, write_checkpoint
from tests.convert.bare import convert
from tests.gguf_files import write_gguf
from tests.safetensors_files import as_bytes

UNPACKED = Recipe(16)
Q_PROJ, DOWN_PROJ = "model.layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj"


def words(folder: Path) -> np.ndarray:
    return np.array(mlx_model.load(folder).model(mx.array([[5, 6, 9, 30, 31]])))


def write_adapter(folder: Path, factors: dict[str, np.ndarray], **options: Any) -> Path:
    folder.mkdir()
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"], "bias": "none", **options}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file(factors, folder / "adapter_model.safetensors")
    return folder


def factors(*modules: str, width: int = 192, rows: int = 192, rank: int = 4) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    result: dict[str, np.ndarray] = {}
    for module in modules:
        result[f"base_model.model.{module}.lora_A.weight"] = rng.standard_normal((rank, width), np.float32)
        result[f"base_model.model.{module}.lora_B.weight"] = rng.standard_normal((rows, rank), np.float32) / 10
    return result


def test_a_packed_folder_is_unpacked_into_the_numbers_it_stands_for(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "256m", dtype="float16")
    convert(source, tmp_path / "8bit", Recipe(8))

    convert(tmp_path / "8bit", tmp_path / "plain", UNPACKED)

    assert "quantization" not in json.loads((tmp_path / "plain" / "config.json").read_text())
    packed = mlx_model.load(tmp_path / "8bit", keep_quantized=False).model
    plain = mlx_model.load(tmp_path / "plain").model
    ours, theirs = plain.language_model.embed_tokens.weight, packed.language_model.embed_tokens.weight
    np.testing.assert_array_equal(np.array(ours), np.array(theirs.astype(mx.float16)))


def test_a_packed_folder_is_packed_anew_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    convert(write_checkpoint(tmp_path / "source", "smollm2"), tmp_path / "8bit", Recipe(8))

    convert(tmp_path / "8bit", tmp_path / "4bit", Recipe(4))

    assert json.loads((tmp_path / "4bit" / "config.json").read_text())["quantization"]["bits"] == 4
    assert "quantized already" in caplog.text
    assert np.corrcoef(words(tmp_path / "8bit").ravel(), words(tmp_path / "4bit").ravel())[0, 1] > 0.95


def test_a_gguf_file_takes_a_recipe_and_leaves_no_scratch_folder(tmp_path: Path) -> None:
    write_gguf(tmp_path / "model.gguf")

    convert(tmp_path / "model.gguf", tmp_path / "out", Recipe(8))

    assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]
    assert json.loads((tmp_path / "out" / "config.json").read_text())["quantization"]["bits"] == 8


@pytest.mark.parametrize(
    ("options", "scale"), [({}, 2.0), ({"use_rslora": True}, 4.0), ({"alpha_pattern": {"q_proj": 2}}, 0.5)]
)
def test_an_adapter_is_added_to_the_weights_it_names(tmp_path: Path, options: dict[str, Any], scale: float) -> None:
    source = write_checkpoint(tmp_path / "source", "smollm2")
    pair = factors(Q_PROJ)
    adapter = write_adapter(tmp_path / "adapter", pair, **options)

    convert(source, tmp_path / "out", UNPACKED, adapter=adapter)

    before, after = load_file(source / "model.safetensors"), load_file(tmp_path / "out" / "model.safetensors")
    down, up = pair.values()
    expected = before[f"{Q_PROJ}.weight"] + scale * up @ down
    np.testing.assert_allclose(after.pop(f"{Q_PROJ}.weight"), expected, rtol=1e-5, atol=1e-5)
    assert all(np.array_equal(array, before[name]) for name, array in after.items())


def test_an_adapter_goes_onto_a_gguf_file_too(tmp_path: Path) -> None:
    write_gguf(tmp_path / "model.gguf")
    adapter = write_adapter(tmp_path / "adapter", factors(Q_PROJ))

    convert(tmp_path / "model.gguf", tmp_path / "out", UNPACKED, adapter=adapter)
    convert(tmp_path / "model.gguf", tmp_path / "bare", UNPACKED)

    changed, bare = (load_file(tmp_path / name / "model.safetensors") for name in ("out", "bare"))
    assert [name for name in bare if not np.array_equal(bare[name], changed[name])] == [f"{Q_PROJ}.weight"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"peft_type": "IA3"}, "'peft_type' is 'IA3'"),
        ({"use_dora": True}, "'use_dora' is True"),
        ({"bias": "all"}, "'bias' is 'all'"),
        ({"modules_to_save": ["lm_head"]}, r"'modules_to_save' is \['lm_head'\]"),
    ],
)
def test_what_is_not_plain_lora_is_refused_by_name(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    source = write_checkpoint(tmp_path / "source", "smollm2")
    adapter = write_adapter(tmp_path / "adapter", factors(Q_PROJ), **options)

    with pytest.raises(RefusedError, match=f"adapter_config.json: {said}"):
        convert(source, tmp_path / "out", adapter=adapter)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (factors("model.layers.9.mlp.up_proj"), "changes 'model.layers.9.mlp.up_proj', which the model does not have"),
        (factors(Q_PROJ, width=64), r"is \[192, 4\] times \[4, 64\], the model's weight \[192, 192\]"),
        (dict(list(factors(Q_PROJ).items())[:1]), "has one factor of two"),
        ({f"base_model.model.{DOWN_PROJ}.lora_magnitude_vector": np.ones(4, np.float32)}, "lora_magnitude_vector"),
    ],
    ids=["another model", "another width", "half a pair", "no factor"],
)
def test_an_adapter_that_does_not_fit_is_refused_by_module(
    tmp_path: Path, pair: dict[str, np.ndarray], said: str
) -> None:
    source = write_checkpoint(tmp_path / "source", "smollm2")
    adapter = write_adapter(tmp_path / "adapter", pair)

    with pytest.raises((CheckpointError, RefusedError), match=f"adapter_model.safetensors.*{said}"):
        convert(source, tmp_path / "out", adapter=adapter)


@pytest.mark.parametrize("preset", ["256m", "2.2b-v1", "smollm2"])
def test_to_the_hubs_form_and_back_every_number_is_kept(tmp_path: Path, preset: str) -> None:
    source = write_checkpoint(tmp_path / "source", preset, layout="mlx-community", dtype="float16")

    convert(source, tmp_path / "hub", UNPACKED, target="hub")

    written = load_file(tmp_path / "hub" / "model.safetensors")
    expected = tensors(model_config(preset))
    assert written.keys() == expected.keys()
    for name, array in expected.items():
        assert written[name].shape == array.shape, name
        assert written[name].tobytes() == as_bytes(array, "F16"), name


def test_the_hubs_form_has_no_packing(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "smollm2")

    with pytest.raises(ConversionError, match="plain numbers"):
        convert(source, tmp_path / "out", Recipe(4), target="hub")
