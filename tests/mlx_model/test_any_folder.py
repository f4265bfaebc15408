"""Folders as strangers write them: any names, order, shards, dtypes, packing, with tensors missing or too many.

Each loads and gives the logits of the folder it was made from, or is refused with the file or folder and the tensor.
"""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlx_model.errors import CheckpointError
from mlx_model.loading.checkpoint import load
from tests.checkpoints import mlx_community_name, model_config, tensors, write_configs
from tests.safetensors_files import save_tensors

IDS = mx.array([[5, 6, 9, 30, 31]])
QUICK = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Folder:
    """How a checkpoint is written down."""

    preset: str
    names: str
    shards: int
    dtype: str
    tied: bool
    order: int
    surplus: bool


FOLDERS = st.builds(
    Folder,
    preset=st.sampled_from(["256m", "2.2b-v1", "smollm2"]),
    names=st.sampled_from(["hub", "mlx-community", "text-first"]),
    shards=st.integers(1, 4),
    dtype=st.sampled_from(["float32", "float16", "bfloat16"]),
    tied=st.booleans(),
    order=st.integers(0, 2**16),
    surplus=st.booleans(),
)


@cache
def weights_of(preset: str, tied: bool) -> dict[str, np.ndarray]:
    return tensors(model_config(preset, tied=tied))


def named(name: str, array: np.ndarray, style: str) -> tuple[str, np.ndarray]:
    """A hub tensor in another family's names; the patches of mlx-community's have their channels last."""
    if style == "hub":
        return name, array
    if name.endswith("patch_embedding.weight"):
        array = np.ascontiguousarray(array.transpose(0, 2, 3, 1))
    name = mlx_community_name(name)
    if style == "text-first" and name.startswith("language_model."):
        name = "language_model.model." + name.removeprefix("language_model.")
    return name, array


def write(folder: Path, plan: Folder, weights: dict[str, np.ndarray]) -> None:
    write_configs(folder, plan.preset, model_config(plan.preset, tied=plan.tied))
    pairs = [named(name, array, plan.names) for name, array in weights.items()]
    if plan.surplus:  # what exporters write though every module computes it
        pairs.append(("model.layers.0.self_attn.rotary_emb.inv_freq", np.ones(8, np.float32)))
    order = np.random.default_rng(plan.order).permutation(len(pairs))
    save_tensors(folder, dict(pairs[i] for i in order), shards=plan.shards, dtype=plan.dtype)


@cache
def expected(preset: str, tied: bool, dtype: str) -> np.ndarray:
    """The logits of the same numbers in the plainest folder there is."""
    with tempfile.TemporaryDirectory() as scratch:
        plain = Folder(preset, "hub", 1, dtype, tied, 0, surplus=False)
        write(Path(scratch), plain, weights_of(preset, tied))
        return np.array(load(Path(scratch)).model(IDS))


@QUICK
@given(plan=FOLDERS)
def test_however_a_checkpoint_is_written_its_logits_are_the_same(plan: Folder) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        write(Path(scratch), plan, weights_of(plan.preset, plan.tied))
        logits = np.array(load(Path(scratch)).model(IDS))

    np.testing.assert_array_equal(logits, expected(plan.preset, plan.tied, plan.dtype))


@QUICK
@given(plan=FOLDERS, which=st.integers(0, 2**16), fault=st.sampled_from(["missing", "surplus", "shape", "nan"]))
def test_one_tensor_too_few_or_wrong_is_refused_by_place_and_name(plan: Folder, which: int, fault: str) -> None:
    weights = dict(weights_of(plan.preset, plan.tied))
    name = sorted(weights)[which % len(weights)]
    own = named(name, weights[name], plan.names)[0]
    if fault == "missing":
        del weights[name]
    elif fault == "surplus":
        weights[own.replace(".weight", ".extra").replace(".bias", ".extra")] = np.ones(3, np.float32)
    elif fault == "shape":
        weights[name] = weights[name][:-1]
    else:
        weights[name] = np.full_like(weights[name], np.nan)

    with tempfile.TemporaryDirectory() as scratch, pytest.raises(CheckpointError) as raised:
        write(Path(scratch), plan, weights)
        load(Path(scratch))

    said = str(raised.value)
    assert scratch in said
    known = name.split(".", 2)[-1] if name.startswith("model.") else name
    assert any(part in said for part in (known, known.rpartition(".")[0], "layers")), said
