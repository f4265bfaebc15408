"""The KV cache of one decoder layer: keys and values of every position seen so far.

Room is taken in steps, so a token writes in place instead of copying the whole cache. Knows nothing of what the
positions hold.
"""

import mlx.core as mx

STEP = 256


class KVCache:
    """Keys and values [B, kv heads, positions, head_dim]; `offset` positions are in use."""

    def __init__(self) -> None:
        self.offset = 0
        self._keys: mx.array | None = None
        self._values: mx.array | None = None

    def update(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Append [B, kv heads, L, head_dim] and return all keys and values up to the new end."""
        start, self.offset = self.offset, self.offset + keys.shape[2]
        self._keys = _with_room(self._keys, keys, start, self.offset)
        self._values = _with_room(self._values, values, start, self.offset)
        self._keys[..., start : self.offset, :] = keys
        self._values[..., start : self.offset, :] = values
        return self._keys[..., : self.offset, :], self._values[..., : self.offset, :]

    def trim(self, count: int) -> None:
        """Forget the last `count` positions; the room stays."""
        assert 0 <= count <= self.offset, f"cannot trim {count} of {self.offset} positions"
        self.offset -= count

    @property
    def arrays(self) -> list[mx.array]:
        """What must be evaluated for the cache to be up to date."""
        return [] if self._keys is None or self._values is None else [self._keys, self._values]

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays)


def _with_room(store: mx.array | None, new: mx.array, used: int, needed: int) -> mx.array:
    if store is not None and store.shape[2] >= needed:
        return store
    B, heads, _, head_dim = new.shape
    room = -(-(needed - used) // STEP) * STEP
    fresh = mx.zeros((B, heads, room, head_dim), new.dtype)
    return fresh if store is None else mx.concatenate([store[..., :used, :], fresh], axis=2)
