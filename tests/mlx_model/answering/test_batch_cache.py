"""The batch's KV cache: every sequence keeps its own positions, whoever joins and leaves."""

import mlx.core as mx
import numpy as np

from mlx_model.answering.batch_cache import BatchKVCache, regroup
from mlx_model.cache import STEP, KVCache

HEADS, D = 3, 4


def filled(length: int, seed: int) -> KVCache:
    cache = KVCache()
    cache.update(mx.random.normal((1, 2 * HEADS, length, D), key=mx.random.key(seed)))
    return cache


def step(batch: list[BatchKVCache], singles: list[KVCache], seed: int) -> None:
    """Add a position to the batch and the same to each sequence alone; what is seen must be the same."""
    new = mx.random.normal((len(singles), 2 * HEADS, 1, D), key=mx.random.key(seed))
    assert batch[0].offset.tolist() == [single.offset for single in singles]
    keys, values = batch[0].update(new)
    for row, single in enumerate(singles):
        alone = single.update(new[row : row + 1])
        for together, own in zip((keys, values), alone, strict=True):
            assert isinstance(own, mx.array)
            sees = np.ones(keys.shape[2], bool) if batch[0].mask is None else np.asarray(batch[0].mask[row, 0, 0])
            np.testing.assert_array_equal(np.asarray(together[row])[:, sees], np.asarray(own[0]))


def test_sequences_join_leave_and_grow_without_touching_each_other() -> None:
    singles = [filled(length, seed) for seed, length in enumerate((5, 300, 7))]
    batch = regroup([], [], [[single] for single in singles])
    for seed in range(3):
        step(batch, singles, 10 + seed)
    singles = [singles[0], singles[2], filled(40, 8)]
    batch = regroup(batch, [0, 2], [[singles[2]]])
    assert batch[0].arrays[0].shape[3] == 40 + STEP, "the columns of the longest, which left, are given up"
    for seed in range(STEP + 2):
        step(batch, singles, 50 + seed)
    longer = filled(500, 9)
    batch = regroup(batch, [0, 1, 2], [[longer]])
    step(batch, [*singles, longer], 900)


def test_sequences_of_one_length_need_no_mask() -> None:
    batch = regroup([], [], [[filled(6, 0)], [filled(6, 1)]])
    assert batch[0].mask is None
