"""The KV cache of one decoder layer: keys and values of every position seen so far.

Both stand in one array, the heads of the keys before those of the values, so that a token is written in one step. Room
is taken in larger ones, so it is written in place instead of copying the whole cache. A branch shares its first
positions with the cache that it came from, until one of the two writes. Knows nothing of what the positions hold.
"""

from collections.abc import Sequence
from typing import Protocol, Self

import mlx.core as mx

from mlx_model.device.arithmetic import ON_METAL, Packed

STEP = 256


class LayerCache(Protocol):
    """What a decoder layer asks of a cache, whatever lies behind it."""

    @property
    def offset(self) -> int | mx.array:
        """The position of the next key; [B] where the sequences of a batch differ."""

    @property
    def mask(self) -> mx.array | None:
        """Which keys the queries of the last update see, [B, 1, 1, positions]; None for all up to their own."""

    def update(self, new: mx.array) -> tuple[mx.array | Packed, mx.array | Packed]:
        """Append keys and values [B, 2 * kv heads, L, head_dim]; all keys and all values up to the new end."""


class KVCache:
    """Keys and values [B, 2 * kv heads, positions, head_dim]; `offset` positions are in use."""

    def __init__(self) -> None:
        self.offset = 0
        # Every array has its positions on the third axis. Those of a branch belong to others too.
        self._arrays: list[mx.array] = []
        self._are_shared = False

    def update(self, new: mx.array) -> tuple[mx.array | Packed, mx.array | Packed]:
        """Append keys and values [B, 2 * kv heads, L, head_dim]; all keys and all values up to the new end."""
        (both,) = self._append([new])
        return _halves(both)

    def trim(self, count: int) -> None:
        """Forget the last `count` positions; the room stays."""
        assert 0 <= count <= self.offset, f"cannot trim {count} of {self.offset} positions"
        self.offset -= count

    def branch(self, length: int) -> Self:
        """A cache of the first `length` positions that goes its own way; neither sees what the other writes."""
        assert 0 <= length <= self.offset, f"cannot branch at {length} of {self.offset} positions"
        branch = self._like()
        branch.offset = length
        branch._arrays, branch._are_shared = [array[:, :, :length] for array in self._arrays], True
        # Without a copy: evaluated, a slice is a view.
        mx.eval(branch._arrays)
        return branch

    @property
    def form(self) -> str:
        """What a file's cache must have been for `restore` to take it."""
        return "plain"

    @property
    def mask(self) -> None:
        """Every position is seen."""

    @property
    def arrays(self) -> list[mx.array]:
        """What must be evaluated for the cache to be up to date."""
        return self._arrays

    @property
    def nbytes(self) -> int:
        """Bytes in use, room included; what is shared counts in full."""
        return sum(array.nbytes for array in self._arrays)

    def used(self) -> list[mx.array]:
        """The positions in use, to be written to a file: `restore` takes them back."""
        return [array[:, :, : self.offset] for array in self._arrays]

    def restore(self, arrays: list[mx.array]) -> None:
        """Become the cache whose `used` these are. Raises ValueError where they cannot be of one like this."""
        if len(arrays) != 1 or arrays[0].ndim != 4 or arrays[0].shape[1] % 2:
            raise ValueError("not the keys and values of a layer")
        self.offset, self._arrays, self._are_shared = arrays[0].shape[2], arrays, True

    def _like(self) -> Self:
        return type(self)()

    def _append(self, new: list[mx.array]) -> list[mx.array]:
        """Write at the end of each array; each up to the new end."""
        start, self.offset = self.offset, self.offset + new[0].shape[2]
        if not self._arrays or self._are_shared or self._arrays[0].shape[2] < self.offset:
            self._arrays = _with_room(self._arrays, new, start)
            self._are_shared = False
        for array, part in zip(self._arrays, new, strict=True):
            array[:, :, start : self.offset] = part
        return [array[:, :, : self.offset] for array in self._arrays]


class QuantizedKVCache(KVCache):
    """A cache that packs keys and values into 8 or 4 bits once it holds more than `begin` positions.

    Until then it is exact. On Metal attention reads the packed numbers as they are (`mx.quantized_matmul`): that this
    is any faster there than the plain cache has not been measured, on no machine. On a CPU they are unpacked for each
    step, which is slower than the plain cache: it saves memory alone.
    """

    def __init__(self, bits: int, begin: int = 0) -> None:
        super().__init__()
        self.bits, self.begin = bits, begin
        self._group_size = 0  # of packed arrays

    def update(self, new: mx.array) -> tuple[mx.array | Packed, mx.array | Packed]:
        if not self._group_size and self.offset + new.shape[2] <= self.begin:
            return super().update(new)
        if not self._group_size:
            self._group_size = group_size(new.shape[3])
            if self._arrays:
                (old,) = self.used()
                self._arrays = self._pack(old)
        arrays = self._append(self._pack(new))
        if not ON_METAL:
            return _halves(self._as_packed(arrays).unpacked())
        keys, values = zip(*map(_halves, arrays), strict=True)
        return self._as_packed(keys), self._as_packed(values)

    @property
    def form(self) -> str:
        return f"{self.bits} bits"

    def restore(self, arrays: list[mx.array]) -> None:
        if len(arrays) == 1:
            super().restore(arrays)
            return
        if len(arrays) != 3 or any(array.ndim != 4 or array.shape[:3] != arrays[0].shape[:3] for array in arrays):
            raise ValueError("not the packed keys and values of a layer")
        self._group_size = arrays[0].shape[3] * 32 // self.bits // arrays[1].shape[3]
        self.offset, self._arrays, self._are_shared = arrays[0].shape[2], arrays, True

    def _like(self) -> Self:
        branch = type(self)(self.bits, self.begin)
        branch._group_size = self._group_size
        return branch

    def _as_packed(self, arrays: Sequence[mx.array]) -> Packed:
        weights, scales, biases = arrays
        return Packed(weights, scales, biases, self._group_size, self.bits)

    def _pack(self, x: mx.array) -> list[mx.array]:
        return list(mx.quantize(x, group_size=self._group_size, bits=self.bits))


def group_size(head_dim: int) -> int:
    """The largest group of numbers with one scale that divides a head. ValueError where none does."""
    for size in (64, 32):
        if head_dim % size == 0:
            return size
    raise ValueError(f"heads of {head_dim} numbers cannot be packed in groups of 32 or 64")


def _halves(both: mx.array) -> tuple[mx.array, mx.array]:
    """Keys and values apart, as views."""
    kv_heads = both.shape[1] // 2
    return both[:, :kv_heads], both[:, kv_heads:]


def _with_room(arrays: list[mx.array], new: list[mx.array], used: int) -> list[mx.array]:
    """The `used` positions of each, with room for those of `new` behind them."""
    added = new[0].shape[2]
    # A branch ends where it was cut, and may go on from within a step.
    room = -(-added // STEP) * STEP
    fresh = [mx.zeros((*part.shape[:2], room, part.shape[3]), part.dtype) for part in new]
    if not used:
        return fresh
    return [mx.concatenate([array[:, :, :used], more], axis=2) for array, more in zip(arrays, fresh, strict=True)]
