"""The KV cache of one decoder layer for B sequences of different lengths that grow together.

All end at the same column, so that a step writes one column for every sequence; the shorter ones begin later, and a
mask hides the columns before. Sequences leave and others join between steps. Knows nothing of what the positions hold.
"""

from collections.abc import Sequence

import mlx.core as mx

from mlx_model.cache import STEP, KVCache


class Alignment:
    """Where each of B sequences begins, and what follows from it: the same for all layers, so made once a step."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self.end = max(lengths)
        self.starts = [self.end - length for length in lengths]
        self._starts = mx.array(self.starts)
        self._offsets = (0, self._starts)
        self._mask = (0, self._starts)

    def offsets(self, end: int) -> mx.array:
        """The position [B] of each sequence's next token."""
        if self._offsets[0] != end:
            self._offsets = (end, end - self._starts)
        return self._offsets[1]

    def mask(self, end: int) -> mx.array | None:
        """Which columns each sequence sees, [B, 1, 1, end]; None where all see all."""
        if not any(self.starts):
            return None
        if self._mask[0] != end:
            self._mask = (end, (mx.arange(end) >= self._starts[:, None])[:, None, None])
        return self._mask[1]


class BatchKVCache:
    """Keys and values [2, B, kv heads, columns, head_dim] of one layer; `offset` [B] positions of each are in use.

    Apart from each other first of all: attention takes those of a batch as they lie only where B is next to the heads.
    """

    def __init__(self, alignment: Alignment, both: mx.array) -> None:
        self.alignment = alignment
        self._end = alignment.end
        self._both = both

    @property
    def offset(self) -> mx.array:
        return self.alignment.offsets(self._end)

    @property
    def mask(self) -> mx.array | None:
        """For the queries of the step that was last added."""
        return self.alignment.mask(self._end)

    @property
    def lengths(self) -> list[int]:
        return [self._end - start for start in self.alignment.starts]

    def update(self, new: mx.array) -> tuple[mx.array, mx.array]:
        """Append one position's keys and values [B, 2 * kv heads, 1, head_dim]; all keys and all values up to there."""
        assert new.shape[2] == 1, "a batch grows by one position at a time"
        if self._end == self._both.shape[3]:
            self._both = _fit(self._both, 0, self._end, STEP)
        self._both[..., self._end : self._end + 1, :] = _apart(new)
        self._end += 1
        return self._both[0, ..., : self._end, :], self._both[1, ..., : self._end, :]

    @property
    def arrays(self) -> list[mx.array]:
        """What must be evaluated for the cache to be up to date."""
        return [self._both]

    def rows(self, rows: list[int], alignment: Alignment) -> mx.array:
        """These sequences alone, to end where `alignment` does."""
        chosen = self._both if rows == list(range(self._both.shape[1])) else self._both[:, mx.array(rows)]
        return _fit(chosen, alignment.end - self._end, self._end, STEP)


def regroup(
    batch: Sequence[BatchKVCache], staying: list[int], joining: Sequence[Sequence[KVCache]]
) -> list[BatchKVCache]:
    """A new batch, one cache a layer: the rows of `batch` that stay, then the sequences that join.

    Those that join have a cache a layer each. Columns that only those that leave had needed are given up.
    """
    lengths = [batch[0].lengths[row] for row in staying] if batch else []
    alignment = Alignment(lengths + [layers[0].offset for layers in joining])
    regrouped = []
    for layer in range(len(batch) or len(joining[0])):
        parts = [batch[layer].rows(staying, alignment)] if staying else []
        for layers in joining:
            (kept,), used = layers[layer].used(), layers[layer].offset
            parts.append(_fit(_apart(kept), alignment.end - used, used, STEP))
        regrouped.append(BatchKVCache(alignment, mx.concatenate(parts, axis=1)))
    return regrouped


def _apart(both: mx.array) -> mx.array:
    """Keys and values [B, 2 * kv heads, columns, head_dim] -> [2, B, kv heads, columns, head_dim]."""
    return mx.unflatten(both, 1, (2, -1)).swapaxes(0, 1)


def _fit(store: mx.array, before: int, end: int, after: int) -> mx.array:
    """The columns up to `end` with `before` empty ones before them, or without the first ones where it is negative."""
    used = store[..., max(-before, 0) : end, :]
    return mx.pad(used, [(0, 0), (0, 0), (0, 0), (max(before, 0), after), (0, 0)])
