"""SmolLM2 from GGUF: its own packing to the last bit, its tokenizer, and every way in which a file can be wrong."""

import json
import os
import struct
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

import mlx_model
from convert.gguf_blocks import undo_rope_order
from convert.recipe import Recipe
from mlx_model.errors import CheckpointError, ModelError, RefusedError
from mlx_model.loading.checkpoint import open_checkpoint
from mlx_model.loading.quantized import expand
from tests.byte_tokenizer import FIRST_ADDED, byte_tokenizer
from tests.checkpoints import CHATML_TEMPLATE, model_config
from tests.convert.bare import convert
from tests.gguf_files import BOOL, F32, STRING, U32, Changes, smollm2_weights, write_gguf

PACKINGS = [
    ("Q4_1", "Q8_0"),
    ("F16", "Q8_0"),
    ("Q8_0", "BF16"),
    ("Q4_0", "Q4_0"),
    ("Q8_0", "F16"),
    ("BF16", "BF16"),
    ("F16", "F16"),
    ("F32", "F32"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "SmolLM2.gguf"


def weights_of(folder: Path) -> dict[str, np.ndarray]:
    """A folder's weights unpacked, in float32, by the hub's names."""
    checkpoint, weights = open_checkpoint(folder)
    return {
        name.replace("language_model.", "model.").replace("model.lm_head", "lm_head"): np.array(
            array.astype(mx.float32)
        )
        for name, array in expand(weights, checkpoint.config, folder).items()
    }


def read_json(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values


@pytest.mark.parametrize(("matrices", "embeddings"), PACKINGS)
@pytest.mark.parametrize("tied", [True, False])
def test_every_weight_is_kept_to_the_last_bit(
    file: Path, tmp_path: Path, matrices: str, embeddings: str, tied: bool
) -> None:
    held = write_gguf(file, smollm2_weights(tied=tied), matrices=matrices, embeddings=embeddings)

    convert(file, tmp_path / "out")

    written = weights_of(tmp_path / "out")
    assert written.keys() == held.keys()
    for name, array in held.items():
        np.testing.assert_array_equal(written[name], array, name)


def test_packed_blocks_stay_packed_with_float16_scales_and_norms(file: Path, tmp_path: Path) -> None:
    write_gguf(file)

    result = convert(file, tmp_path / "out")

    loaded: Any = mx.load(str(tmp_path / "out" / "model.safetensors"))
    assert {str(array.dtype) for array in loaded.values()} == {"mlx.core.float16", "mlx.core.uint32"}
    assert read_json(tmp_path / "out" / "config.json")["quantization"] == {
        "group_size": 32,
        "bits": 4,
        "mode": "affine",
        "model.embed_tokens": {"group_size": 32, "bits": 8, "mode": "affine"},
    }
    assert {name: round(part.bits, 1) for name, part in result.report.parts.items()} == {
        "embeddings": 9.0,
        "decoder": 5.0,
    }


def test_a_norm_that_float16_cannot_hold_stays_in_float32(file: Path, tmp_path: Path) -> None:
    weights = smollm2_weights()
    weights["model.norm.weight"] = np.full(192, 1 + 2**-20, np.float32)
    write_gguf(file, weights)

    convert(file, tmp_path / "out")

    loaded: Any = mx.load(str(tmp_path / "out" / "model.safetensors"))
    assert loaded["model.norm.weight"].dtype == mx.float32
    np.testing.assert_array_equal(weights_of(tmp_path / "out")["model.norm.weight"], weights["model.norm.weight"])


@pytest.mark.parametrize("matrices", ["Q4_1", "Q8_0", "F32"])
def test_bits_pack_anew_from_what_the_file_holds(file: Path, tmp_path: Path, matrices: str) -> None:
    held = write_gguf(file, matrices=matrices)

    convert(file, tmp_path / "out", Recipe(8))

    entry = read_json(tmp_path / "out" / "config.json")["quantization"]
    assert (entry["bits"], entry["group_size"]) == (8, 64)
    written = weights_of(tmp_path / "out")
    for name, array in held.items():
        assert np.abs(written[name] - array).max() < 0.02 * np.ptp(array), name


def test_sixteen_bits_unpack_into_float16(file: Path, tmp_path: Path) -> None:
    held = write_gguf(file)

    convert(file, tmp_path / "out", Recipe(16))

    assert "quantization" not in read_json(tmp_path / "out" / "config.json")
    written = weights_of(tmp_path / "out")
    for name, array in held.items():
        np.testing.assert_array_equal(written[name], array.astype(np.float16).astype(np.float32), name)


def test_rows_come_back_in_the_checkpoints_order() -> None:
    rows = mx.array([[0], [4], [1], [5], [2], [6], [3], [7], [10], [14], [11], [15], [12], [16], [13], [17]])

    ordered = undo_rope_order(rows, heads=2)

    assert ordered.reshape(-1).tolist() == [*range(8), *range(10, 18)]


def test_the_configuration_is_that_of_the_checkpoint(file: Path, tmp_path: Path) -> None:
    write_gguf(file)

    convert(file, tmp_path / "out")

    config = read_json(tmp_path / "out" / "config.json")
    for key, value in model_config("smollm2").items():
        assert config[key] == value, key
    generation = read_json(tmp_path / "out" / "generation_config.json")
    assert generation == {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}


def test_the_tokenizer_is_that_of_the_checkpoint(file: Path, tmp_path: Path) -> None:
    write_gguf(file)

    convert(file, tmp_path / "out")

    assert read_json(tmp_path / "out" / "tokenizer.json") == byte_tokenizer(FIRST_ADDED, ())
    config = read_json(tmp_path / "out" / "tokenizer_config.json")
    assert config["chat_template"] == CHATML_TEMPLATE
    assert [config[f"{role}_token"] for role in ("bos", "eos", "pad", "unk")] == [
        "<|im_start|>",
        "<|im_end|>",
        "<|im_end|>",
        "<|endoftext|>",
    ]


def test_a_base_model_without_template_converts(file: Path, tmp_path: Path) -> None:
    write_gguf(file, changes={"tokenizer.chat_template": None})

    convert(file, tmp_path / "out")

    assert mlx_model.load(tmp_path / "out").template is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"general.architecture": (STRING, "qwen2")}, "qwen2"),
        ({"tokenizer.ggml.pre": (STRING, "llama-bpe")}, "llama-bpe"),
        ({"tokenizer.ggml.model": (STRING, "llama")}, "tokenizer"),
        ({"llama.rope.scaling.type": (STRING, "yarn")}, "llama.rope.scaling.type"),
        ({"llama.expert_count": (U32, 8)}, "llama.expert_count"),
        ({"tokenizer.ggml.add_bos_token": (BOOL, True)}, "add_bos_token"),
    ],
)
def test_another_models_file_is_refused(file: Path, tmp_path: Path, changes: Changes, words: str) -> None:
    write_gguf(file, changes=changes)

    with pytest.raises(RefusedError, match=words):
        convert(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"llama.block_count": None}, "llama.block_count"),
        ({"llama.block_count": (U32, 3)}, "llama.block_count"),
        ({"llama.block_count": (U32, 2**31 - 1)}, "llama.block_count"),
        ({"llama.block_count": (U32, 1)}, "llama.block_count"),
        ({"llama.embedding_length": (STRING, "192")}, "llama.embedding_length"),
        ({"llama.attention.head_count": (U32, 0)}, "llama.attention.head_count"),
        ({"llama.attention.head_count_kv": (U32, 2)}, "do not fit together"),
        ({"llama.rope.dimension_count": (U32, 32)}, "do not fit together"),
        ({"llama.feed_forward_length": (U32, 512)}, "gate_proj"),
        ({"llama.rope.freq_base": (U32, 100000)}, "llama.rope.freq_base"),
        ({"llama.rope.freq_base": (F32, float("nan"))}, "llama.rope.freq_base"),
        ({"llama.rope.freq_base": (F32, float("inf"))}, "llama.rope.freq_base"),
        ({"tokenizer.ggml.tokens": None}, "tokenizer.ggml.tokens"),
        ({"tokenizer.ggml.tokens": (STRING, ["a", "a"])}, "do not match"),
        ({"tokenizer.ggml.merges": (STRING, ["a b c"])}, "do not match"),
        ({"tokenizer.ggml.token_type": (U32, [1])}, "do not match"),
        ({"tokenizer.chat_template": (STRING, "{% for %}")}, "template"),
        ({"general.alignment": (U32, 0)}, "general.alignment"),
    ],
)
def test_a_file_that_contradicts_itself_is_reported(file: Path, tmp_path: Path, changes: Changes, words: str) -> None:
    write_gguf(file, changes=changes)

    with pytest.raises(ModelError, match=words) as raised:
        convert(file, tmp_path / "out")
    assert str(file) in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_tensor_that_no_smollm2_has_is_refused_by_name(file: Path, tmp_path: Path) -> None:
    write_gguf(file, extra={"rope_freqs.weight": np.ones(32, np.float32)})

    with pytest.raises(RefusedError, match="rope_freqs.weight"):
        convert(file, tmp_path / "out")


def test_a_missing_tensor_is_named(file: Path, tmp_path: Path) -> None:
    weights = smollm2_weights()
    del weights["model.layers.1.mlp.up_proj.weight"]
    write_gguf(file, weights)

    with pytest.raises(CheckpointError, match="layers.1.mlp.up_proj.weight"):
        convert(file, tmp_path / "out")


def test_an_empty_tensor_is_named(file: Path, tmp_path: Path) -> None:
    weights = smollm2_weights()
    weights["model.embed_tokens.weight"] = np.zeros((0, 192), np.float32)
    write_gguf(file, weights, embeddings="F16")

    with pytest.raises(CheckpointError, match=r"'token_embd.weight' is empty, of the shape \[0, 192\]"):
        convert(file, tmp_path / "out")


def test_numbers_that_are_not_finite_are_reported(file: Path, tmp_path: Path) -> None:
    weights = smollm2_weights()
    weights["model.norm.weight"][3] = np.nan
    write_gguf(file, weights)

    with pytest.raises(CheckpointError, match=r"SmolLM2.gguf: 'output_norm.weight' holds numbers that are not finite"):
        convert(file, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_scales_too_large_for_an_exact_bias_are_reported(file: Path, tmp_path: Path) -> None:
    weights = smollm2_weights()
    weights["model.embed_tokens.weight"][0, 0] = 127 * 600  # -128 * 600 is beyond float16
    write_gguf(file, weights)

    with pytest.raises(CheckpointError, match="scales of 'token_embd.weight' are not finite"):
        convert(file, tmp_path / "out")


def test_another_packing_is_named_with_the_file_to_take_instead(file: Path, tmp_path: Path) -> None:
    write_gguf(file)
    name = struct.pack("<Q", len("blk.0.attn_k.weight")) + b"blk.0.attn_k.weight"
    content = bytearray(file.read_bytes())
    place = content.index(name) + len(name) + 4 + 16
    content[place : place + 4] = struct.pack("<I", 12)
    file.write_bytes(content)

    with pytest.raises(RefusedError, match="'blk.0.attn_k.weight' is packed as Q4_K.*Take the same model's Q8_0 file"):
        convert(file, tmp_path / "out")


@pytest.mark.parametrize(
    "content", [b"", b"GGUF", b"GGUF\x01\0\0\0" + bytes(16), b"PK\x03\x04" + bytes(60), bytes(100)], ids=len
)
def test_a_file_that_is_no_gguf_is_reported(file: Path, tmp_path: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(ModelError, match=file.name):
        convert(file, tmp_path / "out")


def test_what_is_no_regular_file_is_not_opened(file: Path, tmp_path: Path) -> None:
    os.mkfifo(file)

    with pytest.raises(CheckpointError, match="no regular file"):
        convert(file, tmp_path / "out")


def test_a_file_cut_anywhere_is_reported_and_never_read_past_its_end(file: Path, tmp_path: Path) -> None:
    write_gguf(file)
    content = file.read_bytes()

    for size in [*range(0, 2000, 37), *range(2000, len(content) - 40, 9973), len(content) - 40]:
        file.write_bytes(content[:size])
        with pytest.raises(ModelError, match=file.name):
            convert(file, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_bytes_changed_anywhere_in_the_header_never_crash(file: Path, tmp_path: Path) -> None:
    write_gguf(file)
    content = file.read_bytes()
    names_end = content.index(b"output_norm.weight")
    rng = np.random.default_rng(0)

    refused = 0
    for _ in range(60):
        broken = bytearray(content)
        for place in rng.integers(4, names_end, 4):
            broken[place] = rng.integers(256)
        file.write_bytes(broken)
        try:
            convert(file, tmp_path / "out", force=True)
        except ModelError as error:
            refused += 1
            assert file.name in str(error)
    assert refused > 20


def test_counts_that_would_fill_the_memory_are_refused_at_once(file: Path, tmp_path: Path) -> None:
    huge = struct.pack("<Q", 2**60)
    for header in (
        b"GGUF\x03\0\0\0" + huge + huge,
        b"GGUF\x03\0\0\0" + bytes(8) + struct.pack("<Q", 1) + huge,
        b"GGUF\x03\0\0\0" + bytes(8) + struct.pack("<QQ", 1, 1) + b"a" + struct.pack("<II", 9, 8) + huge,
        b"GGUF\x03\0\0\0" + bytes(8) + struct.pack("<QQ", 1, 1) + b"a" + struct.pack("<II", 9, 10) + huge,
        b"GGUF\x03\0\0\0" + bytes(8) + struct.pack("<QQ", 1, 1) + b"a" + struct.pack("<II", 9, 9) + huge,
    ):
        file.write_bytes(header + bytes(1000))
        with pytest.raises(CheckpointError, match=file.name):
            convert(file, tmp_path / "out")


def test_the_gguf_package_reads_these_files_as_we_do(file: Path, tmp_path: Path) -> None:
    """Its dequantization is llama.cpp's own; not installed by `make setup`."""
    gguf = pytest.importorskip("gguf")
    held = write_gguf(file)

    theirs = {tensor.name: gguf.dequantize(tensor.data, tensor.tensor_type) for tensor in gguf.GGUFReader(file).tensors}

    np.testing.assert_array_equal(theirs["token_embd.weight"], held["model.embed_tokens.weight"])
    np.testing.assert_array_equal(theirs["blk.1.ffn_down.weight"], held["model.layers.1.mlp.down_proj.weight"])
    query = undo_rope_order(mx.array(theirs["blk.0.attn_q.weight"]), heads=3)
    np.testing.assert_array_equal(np.array(query), held["model.layers.0.self_attn.q_proj.weight"])
