"""The counts of small models, put together by hand from their layers."""

import json
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest
from mlx.utils import tree_flatten

from mlx_model.config import Quantization
from mlx_model.errors import CheckpointError
from mlx_model.loading.checkpoint import Checkpoint, load
from mlx_model.measuring import skeleton
from mlx_model.measuring.counts import Counts
from tests.checkpoints import write_checkpoint
from tests.mlx_model.packed_folder import RECIPE, write_packed

# Two norms; q, k and v at once, o with its sum, gate and up at once, down with its sum; a rotation, attention; one
# write into the cache; SwiGLU.
LAYER = 2 + 4 + 2 + 1 + 1
# Embedding; norm and head; log-sum-exp and difference, the likeliest and its log-probability.
ONCE = 1 + 2 + 4
# The sampler computes in float32.
CAST = 1


@pytest.fixture(scope="session")
def half_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small SmolVLM in bfloat16, as checkpoints are published."""
    return write_checkpoint(tmp_path_factory.mktemp("half"), "256m", dtype="bfloat16")


def counted(folder: Path, tiles: int = 1, prompt_tokens: int = 20) -> Counts:
    checkpoint = skeleton.open_hollow(folder)
    return skeleton.count(checkpoint.model, checkpoint.image_config, tiles, prompt_tokens)


def test_a_token_launches_its_layers_and_what_comes_once(seeing_folder: Path, half_folder: Path) -> None:
    assert counted(seeing_folder).token.kernels == 2 * LAYER + ONCE
    assert counted(half_folder).token.kernels == 2 * LAYER + ONCE + CAST
    assert counted(half_folder).token.host_syncs == 1


def test_a_packed_layer_is_one_kernel_too(tmp_path: Path) -> None:
    # A packed product takes no sum along. A packed embedding takes its words, scales and biases apart, and unpacks
    # them: four where there was one.
    assert counted(write_packed(tmp_path)).token.kernels == 2 * (LAYER + 2) + ONCE + 3


def test_layers_of_different_packings_are_multiplied_one_by_one(tmp_path: Path) -> None:
    wide = {f"language_model.layers.{n}.self_attn.v_proj": Quantization(64, 8) for n in range(2)}
    together = counted(write_packed(tmp_path / "same")).token.kernels
    # Three products and their joining, where there was one.
    assert counted(write_packed(tmp_path / "mixed", recipe={**RECIPE, **wide})).token.kernels == together + 2 * 3


def test_a_picture_waits_for_each_batch_of_tiles_each_step_of_the_prompt_and_the_first_token(
    seeing_folder: Path,
) -> None:
    token = 1  # with its probability, which is there by then
    assert counted(seeing_folder, tiles=1, prompt_tokens=512).picture.host_syncs == 1 + 1 + token
    assert counted(seeing_folder, tiles=4, prompt_tokens=513).picture.host_syncs == 1 + 2 + token
    assert counted(seeing_folder, tiles=5, prompt_tokens=1025).picture.host_syncs == 2 + 3 + token


def test_a_second_batch_of_tiles_launches_the_encoder_again(seeing_folder: Path) -> None:
    kernels = [counted(seeing_folder, tiles, prompt_tokens=100).picture.kernels for tiles in (1, 4, 5)]
    # Patches and positions; a layer's two norms, q, k, v, out, two more with their GELU of two, attention, two sums;
    # the last norm; the connector.
    encoder = 2 + 2 * (2 + 4 + 2 + 2 + 1 + 2) + 1 + 1
    assert kernels[1] == kernels[0]
    assert kernels[2] - kernels[1] == encoder + 1  # the batches are put together


def test_words_alone_need_no_eyes(tmp_path: Path) -> None:
    counts = counted(write_checkpoint(tmp_path, "smollm2"), tiles=0, prompt_tokens=20)
    assert (counts.picture.tiles, counts.picture.image_tokens, counts.picture.vision_flops) == (0, 0, 0)
    assert counts.picture.prefill_flops > 0
    assert counts.token.kernels == 2 * LAYER + ONCE


def test_the_bytes_that_a_token_reads_are_those_of_the_files_tensors(seeing: Checkpoint, half_folder: Path) -> None:
    decoder = dict(tree_flatten(seeing.model.language_model.parameters()))
    embedding = decoder.pop("embed_tokens.weight")
    numbers = sum(weight.size for weight in decoder.values()) + embedding.shape[1]
    token = counted(half_folder, prompt_tokens=20).token
    assert (token.context, token.weight_bytes) == (21, 2 * numbers)
    assert token.kv_cache_bytes == 21 * 2 * 2 * 3 * 64 * 2  # layers, keys and values, heads, their width, bfloat16


def test_the_flops_of_a_token_are_two_for_each_weight_that_it_multiplies(
    seeing: Checkpoint, seeing_folder: Path
) -> None:
    decoder = dict(tree_flatten(seeing.model.language_model.parameters()))
    matrices = sum(weight.size for name, weight in decoder.items() if weight.ndim == 2 and "embed" not in name)
    attention = 2 * 2 * 9 * 64 * 21
    assert counted(seeing_folder, prompt_tokens=20).token.flops == 2 * (matrices + attention)


def test_a_hollow_checkpoint_has_the_shapes_and_kinds_of_the_folder(half_folder: Path) -> None:
    hollow = dict(tree_flatten(skeleton.open_hollow(half_folder).model.parameters()))
    loaded = dict(tree_flatten(load(half_folder).model.parameters()))
    assert {name: weight.shape for name, weight in hollow.items()} == {name: w.shape for name, w in loaded.items()}
    assert {weight.dtype for weight in hollow.values()} == {mx.bfloat16}


def test_a_folder_that_contradicts_itself_is_found_before_anything_runs(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, "256m")
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["intermediate_size"] += 8
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match="layers.0.mlp.down_proj"):
        skeleton.open_hollow(folder)


def test_counting_leaves_the_models_answers_as_they_were(seeing: Checkpoint, seeing_folder: Path) -> None:
    ids = mx.array([[1, 40, 41, 42]])
    before = np.asarray(seeing.model(ids))
    counted(seeing_folder)
    np.testing.assert_array_equal(np.asarray(seeing.model(ids)), before)
