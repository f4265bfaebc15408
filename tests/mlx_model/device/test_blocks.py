"""Matrices multiplied as they are stored: the same numbers as those of a model that was unpacked first."""

from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
import pytest

from mlx_model.device import blocks, products
from mlx_model.device.blas import OPENBLAS
from mlx_model.device.unpacking import unpack_into, widen_into
from mlx_model.loading.checkpoint import load_lazily, load_to_stream
from tests.mlx_model.packed_folder import write_packed

on_a_cpu = pytest.mark.skipif(mx.metal.is_available(), reason="on Metal weights are multiplied as they are")


@pytest.mark.parametrize("group_size", [32, 64, 128])
@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 8])
def test_unpacked_numbers_are_those_that_mlx_gives(bits: int, group_size: int) -> None:
    packed = mx.quantize(mx.random.normal((24, 256), key=mx.random.key(0)), group_size=group_size, bits=bits)
    words, scales, biases = (np.asarray(one) for one in packed)
    out = np.empty((24, 256), np.float32)

    unpack_into(out, words, scales, biases, bits)

    np.testing.assert_array_equal(out, np.asarray(mx.dequantize(*packed, group_size=group_size, bits=bits)))


def test_widened_numbers_are_those_that_mlx_gives() -> None:
    numbers = mx.random.normal((5, 7), key=mx.random.key(0)).astype(mx.bfloat16)
    out = np.empty((5, 7), np.float32)

    widen_into(out, np.asarray(numbers.view(mx.uint16)))

    np.testing.assert_array_equal(out, np.asarray(numbers.astype(mx.float32)))


@pytest.mark.parametrize("block", [1, 700, 1 << 20], ids=["a row at a time", "several blocks and a rest", "one block"])
@pytest.mark.parametrize("dtype", [mx.bfloat16, mx.float16, mx.float32])
def test_a_matrix_gives_the_same_product_in_blocks(
    dtype: mx.Dtype, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "_BLOCK", block)
    plain = nn.Linear(64, 30)
    plain.weight = plain.weight.astype(dtype)
    packed = nn.QuantizedLinear.from_linear(nn.Linear(64, 30), group_size=32, bits=6)
    x = mx.random.normal((2, 5, 64), key=mx.random.key(1))
    expected = [plain(x), packed(x)]

    blocks.replace_layers(model := nn.Sequential(plain, packed))

    assert [type(layer).__module__ for layer in model.layers] == [blocks.__name__] * 2
    for layer, wanted in zip((plain, packed), expected, strict=True):
        np.testing.assert_allclose(np.array(layer(x)), np.array(wanted.astype(mx.float32)), rtol=2e-3, atol=2e-3)


@on_a_cpu
def test_a_model_opened_to_be_streamed_gives_the_logits_of_one_unpacked_first(tmp_path: Path) -> None:
    folder, ids = write_packed(tmp_path), mx.array([[5, 6, 30, 31, 40]])

    streamed, unpacked = (np.array(load(folder).model(ids)) for load in (load_to_stream, load_lazily))

    np.testing.assert_allclose(streamed, unpacked, rtol=1e-4, atol=1e-4)


@on_a_cpu
def test_matrices_stay_as_they_are_stored_and_all_else_becomes_float32(tmp_path: Path) -> None:
    model = load_to_stream(write_packed(tmp_path)).model

    projection = model.language_model.layers[0].mlp.up_proj
    assert (projection.weight.dtype, projection.scales.dtype) == (mx.uint32, mx.float32)
    assert model.language_model.norm.weight.dtype == mx.float32


@pytest.mark.parametrize("library", [OPENBLAS, None], ids=["MLX's BLAS", "numpy's"])
def test_a_product_fills_its_columns_and_no_others(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "OPENBLAS", library)
    rng = np.random.default_rng(0)
    x, matrix = (rng.standard_normal((rows, 16), np.float32) for rows in (3, 5))
    out = np.zeros((3, 9), np.float32)

    with products.one_core_each():
        products.multiply_transposed(x, matrix, out[:, 2:7])

    np.testing.assert_allclose(out[:, 2:7], x @ matrix.T, rtol=1e-5, atol=1e-5)
    assert not out[:, :2].any() and not out[:, 7:].any()
