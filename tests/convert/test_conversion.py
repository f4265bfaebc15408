"""A folder converted: what is kept, what is packed, what others can read of it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

import mlx_model
from convert.conversion import ConversionResult
from convert.recipe import Recipe
from mlx_model.errors import Cancelled
from tests.checkpoints import PRESETS, model_config, tensors, write_checkpoint
from tests.convert.bare import convert
from tests.safetensors_files import as_bytes

UNPACKED = Recipe(16)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "source", "256m", dtype="bfloat16")


def read(folder: Path) -> dict[str, mx.array]:
    loaded: Any = mx.load(str(folder / "model.safetensors"))
    return dict(loaded)


def config_of(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return values


def logits(folder: Path) -> np.ndarray:
    """Logits for a prompt with a picture where the model sees, in float32."""
    checkpoint = mlx_model.load(folder, keep_quantized=False)
    config = checkpoint.config
    if config.vision is None:
        return np.array(checkpoint.model(mx.array([[5, 6, 30, 31, 40]])))
    tile = config.vision.image_size
    pixels = np.random.default_rng(0).standard_normal((1, 1, 3, tile, tile), dtype=np.float32)
    ids = [5, 6, *[config.image_token_id] * config.tokens_per_tile, 30, 31, 40]
    return np.array(checkpoint.model(mx.array([ids]), mx.array(pixels)))


def distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).max() / np.ptp(second))


@pytest.mark.parametrize("preset", PRESETS)
def test_at_sixteen_bits_every_model_answers_as_before(tmp_path: Path, preset: str) -> None:
    source = write_checkpoint(tmp_path / "source", preset)

    convert(source, tmp_path / "out", UNPACKED)

    np.testing.assert_array_equal(logits(tmp_path / "out"), logits(source))


@pytest.mark.parametrize("preset", PRESETS)
def test_more_bits_bring_every_model_nearer_to_its_source(tmp_path: Path, preset: str) -> None:
    source = write_checkpoint(tmp_path / "source", preset)
    expected = logits(source)

    distances = []
    for bits in (4, 8):
        convert(source, tmp_path / f"{bits}bit", Recipe(bits))
        distances.append(distance(logits(tmp_path / f"{bits}bit"), expected))

    assert distances[1] < 0.03
    assert distances[1] < distances[0] < 0.4


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_at_sixteen_bits_every_number_keeps_its_dtype_and_bits(tmp_path: Path, dtype: str) -> None:
    source = write_checkpoint(tmp_path / "source", "2.2b-v1", layout="mlx-community", dtype=dtype)
    tag = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}[dtype]

    convert(source, tmp_path / "out", UNPACKED)

    written = read(tmp_path / "out")
    for name, array in tensors(model_config("2.2b-v1"), layout="mlx-community").items():
        ours = written.pop("language_model.lm_head.weight" if name == "lm_head.weight" else name)
        assert np.array(ours.view(mx.uint8)).tobytes() == as_bytes(array, tag), name
    assert not written


def test_both_forms_of_names_give_the_same_weights(tmp_path: Path) -> None:
    hub = write_checkpoint(tmp_path / "hub", "2.2b")
    mlx_community = write_checkpoint(tmp_path / "community", "2.2b", layout="mlx-community")

    convert(hub, tmp_path / "a")
    convert(mlx_community, tmp_path / "b")

    first, second = read(tmp_path / "a"), read(tmp_path / "b")
    assert first.keys() == second.keys()
    assert all(mx.array_equal(first[name], second[name]) for name in first)
    assert config_of(tmp_path / "a") == config_of(tmp_path / "b")


def test_shards_give_the_same_weights_as_one_file(tmp_path: Path) -> None:
    convert(write_checkpoint(tmp_path / "one", "500m"), tmp_path / "a")
    convert(write_checkpoint(tmp_path / "three", "500m", shards=3), tmp_path / "b")

    first, second = read(tmp_path / "a"), read(tmp_path / "b")
    assert first.keys() == second.keys()
    assert all(mx.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("bits", [3, 4, 5, 6, 8])
def test_the_configuration_says_for_each_module_how_it_is_packed(source: Path, tmp_path: Path, bits: int) -> None:
    convert(source, tmp_path / "out", Recipe(bits, 32))

    entry = config_of(tmp_path / "out")["quantization"]
    assert {key: entry[key] for key in ("group_size", "bits", "mode")} == {
        "group_size": 32,
        "bits": bits,
        "mode": "affine",
    }
    written = read(tmp_path / "out")
    for name in written:
        if name.endswith(".scales"):
            module = name.removesuffix(".scales")
            packing = entry.get(module, entry)
            width = written[f"{module}.scales"].shape[1] * packing["group_size"]
            assert written[f"{module}.weight"].shape[1] * 32 == width * packing["bits"], module
            assert (packing["bits"] == bits) or not module.startswith("language_model.layers."), module


def test_beside_packed_layers_float32_becomes_bfloat16_and_float16_stays(tmp_path: Path) -> None:
    convert(write_checkpoint(tmp_path / "a", "smollm2"), tmp_path / "from32")
    convert(write_checkpoint(tmp_path / "b", "smollm2", dtype="float16"), tmp_path / "from16")

    assert {str(array.dtype) for array in read(tmp_path / "from32").values()} == {
        "mlx.core.bfloat16",
        "mlx.core.uint32",
    }
    assert {str(array.dtype) for array in read(tmp_path / "from16").values()} == {"mlx.core.float16", "mlx.core.uint32"}


def test_a_model_of_words_alone_keeps_the_names_that_mlx_lm_reads(tmp_path: Path) -> None:
    convert(write_checkpoint(tmp_path / "source", "smollm2", tied=False), tmp_path / "out")

    names = read(tmp_path / "out").keys()
    assert {"model.embed_tokens.weight", "model.layers.1.mlp.up_proj.scales", "lm_head.biases"} <= names
    assert config_of(tmp_path / "out")["quantization"]["lm_head"] == {"group_size": 32, "bits": 4, "mode": "affine"}


def test_a_tied_head_is_not_written(tmp_path: Path) -> None:
    convert(write_checkpoint(tmp_path / "source", "256m", tied=True), tmp_path / "out")

    assert not [name for name in read(tmp_path / "out") if "lm_head" in name]
    assert config_of(tmp_path / "out")["tie_word_embeddings"] is True


def test_every_other_file_is_kept_byte_for_byte(source: Path, tmp_path: Path) -> None:
    for name in ("chat_template.jinja", "merges.txt", "LICENSE", "special_tokens_map.json"):
        (source / name).write_text(f"{{}} {name}\r\n", encoding="utf-8")
    (source / "special_tokens_map.json").write_text('{"é":1 }', encoding="utf-8")

    convert(source, tmp_path / "out")

    kept = {path.name for path in source.iterdir()} - {"config.json", "model.safetensors"}
    written = {"config.json", "model.safetensors", "conversion.json", "CONVERSION.md"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == kept | written
    for name in kept:
        assert (tmp_path / "out" / name).read_bytes() == (source / name).read_bytes(), name
    config = config_of(tmp_path / "out")
    del config["quantization"]
    assert list(config.items()) == list(config_of(source).items())


def test_the_place_of_the_rope_base_is_kept(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "256m", rope_in="rope_parameters")

    convert(source, tmp_path / "out")

    assert config_of(tmp_path / "out")["text_config"] == config_of(source)["text_config"]


def test_code_is_neither_copied_nor_pointed_at_but_warned_of(
    source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("modeling_smolvlm.py", "LICENSE.py", "weights.bin"):
        (source / name).write_text("raise SystemExit('run')")
    (source / "config.json").write_text(json.dumps(config_of(source) | {"auto_map": {"AutoModel": "modeling.Model"}}))

    convert(source, tmp_path / "out")

    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert not written & {"modeling_smolvlm.py", "LICENSE.py", "weights.bin"}
    assert "auto_map" not in config_of(tmp_path / "out")
    assert len(caplog.records) == 1 and "modeling_smolvlm.py" in caplog.text


def test_a_snapshot_of_links_into_the_hubs_cache_is_a_source(source: Path, tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "abc"
    shutil.move(source, blobs)
    snapshot.mkdir(parents=True)
    for blob in blobs.iterdir():
        (snapshot / blob.name).symlink_to(f"../../blobs/{blob.name}")

    convert(snapshot, tmp_path / "out")

    written = list((tmp_path / "out").iterdir())
    assert len(written) == len(list(blobs.iterdir())) + 2  # and what was found about the conversion
    assert not [path for path in written if path.is_symlink()]


def test_the_result_tells_sizes_and_bits_of_each_part(source: Path, tmp_path: Path) -> None:
    result = convert(source, tmp_path / "out")

    assert isinstance(result, ConversionResult)
    assert result.folder == tmp_path / "out"
    assert result.bytes_before == (source / "model.safetensors").stat().st_size
    assert result.bytes_after == sum(array.nbytes for array in read(tmp_path / "out").values())
    assert list(result.report.parts) == ["vision", "connector", "embeddings", "head", "decoder"]
    bits = {name: part.bits for name, part in result.report.parts.items()}
    assert bits["embeddings"] == bits["head"] == bits["connector"] == 8.5  # 8, and a scale and a bias for 64
    assert 4.5 < bits["decoder"] < 4.6  # norms come on top


def test_progress_grows_to_the_size_of_the_output(source: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    result = convert(source, tmp_path / "out", progress=lambda done, total: seen.append((done, total)))

    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (result.bytes_after, result.bytes_after)


def test_progress_that_raises_stops_the_conversion_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        convert(source, tmp_path / "out", progress=stop)

    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_memory_holds_single_tensors_and_not_the_model(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "500m", dtype="bfloat16", shards=2)
    largest = max(array.size for array in tensors(model_config("500m")).values()) * 2
    mx.clear_cache()
    mx.reset_peak_memory()
    before = mx.get_active_memory()

    convert(source, tmp_path / "out")

    # The tensor, its contiguous copy, words, scales; the whole source is 12 times the largest tensor.
    assert mx.get_peak_memory() - before < 4 * largest
    assert mx.get_active_memory() == before


def test_the_blas_library_is_there_before_any_module_of_the_converter_can_import_mlx(root: Path) -> None:
    code = "import convert, sys; assert 'mlx_model.device.blas' in sys.modules and 'mlx.core' not in sys.modules"

    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
