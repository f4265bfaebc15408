"""Safetensors written tensor by tensor: what any reader of the format sees in them."""

import json
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from safetensors import safe_open

from convert.shards import Job, TensorSpec, write_shards
from mlx_model.loading.weights import read_index


def job(name: str, array: mx.array, dtype: str) -> Job:
    return Job((TensorSpec(name, array.shape, dtype),), lambda _: (array,))


def silent(done: int, total: int) -> None:
    pass


def test_another_reader_of_the_format_gets_every_number(tmp_path: Path) -> None:
    numbers = mx.array(np.random.default_rng(0).standard_normal((6, 5), dtype=np.float32))
    words = mx.array([[1, 2**32 - 1]], dtype=mx.uint32)
    pair = Job(
        (TensorSpec("b", (5, 6), "F16"), TensorSpec("c", (1, 2), "U32")),
        lambda _: (mx.zeros((5, 6), mx.float16), words),
    )

    write_shards(tmp_path, [job("a.transposed", numbers.T, "F32"), pair], silent)

    with safe_open(tmp_path / "model.safetensors", framework="numpy") as file:
        assert file.metadata() == {"format": "mlx"}
        np.testing.assert_array_equal(file.get_tensor("a.transposed"), np.array(numbers).T)
        np.testing.assert_array_equal(file.get_tensor("c"), np.array(words))
        assert file.get_slice("b").get_dtype() == "F16"


def test_bfloat16_keeps_its_bits(tmp_path: Path) -> None:
    numbers = mx.array([1.0, -2.5, 3.140625, 1e30], dtype=mx.bfloat16)

    write_shards(tmp_path, [job("a", numbers, "BF16")], silent)

    loaded: dict[str, mx.array] = dict(mx.load(str(tmp_path / "model.safetensors")))  # type: ignore[arg-type]
    assert loaded["a"].dtype == mx.bfloat16
    assert loaded["a"].tolist() == numbers.tolist()


def test_what_is_too_much_for_one_file_goes_on_in_the_next_with_an_index(tmp_path: Path) -> None:
    jobs = [job(f"t{number}", mx.full((25,), float(number)), "F32") for number in range(5)]
    seen: list[tuple[int, int]] = []

    write_shards(tmp_path, jobs, lambda done, total: seen.append((done, total)), max_bytes=200)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model-00001-of-00003.safetensors",
        "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors",
        "model.safetensors.index.json",
    ]
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["metadata"] == {"total_size": 500}
    tensors = read_index(tmp_path)
    assert {name: info.file.name for name, info in tensors.items()} == index["weight_map"]
    assert seen == [(100, 500), (200, 500), (300, 500), (400, 500), (500, 500)]


def test_a_tensor_larger_than_a_file_may_be_has_one_to_itself(tmp_path: Path) -> None:
    jobs = [job("small", mx.zeros(10), "F32"), job("large", mx.zeros(1000), "F32"), job("last", mx.zeros(10), "F32")]

    write_shards(tmp_path, jobs, silent, max_bytes=200)

    assert len(list(tmp_path.glob("*.safetensors"))) == 3


def test_a_job_that_makes_something_else_than_it_announced_is_a_mistake_of_ours(tmp_path: Path) -> None:
    wrong = Job((TensorSpec("a", (3,), "F32"),), lambda _: (mx.zeros(4),))

    with pytest.raises(AssertionError, match="'a'"):
        write_shards(tmp_path, [wrong], silent)
