"""Sequences of one length being filled: a shared opening, then conversations that do not see each other.

Knows ids and where tokens should look; nothing of pictures or of what is asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tools.embedded.training.pointing import COLUMNS, Lookup, Pointer

NO_TASK = -1
# Of looking somewhere
KINDS = ("name", "next", "letter", *COLUMNS, "answer", "ground", "differs", "named", "other", "before")
Look = tuple[int, int, Sequence[int], Sequence[int]]  # a row, its token, those of it to look at, what is told there


@dataclass(frozen=True)
class Aims:
    """Flat positions [N] that should look somewhere, and where in their row: right [N, L] bool.

    told: [N, numbers] int64, what should be known there, as the pointers of this kind have it.
    """

    positions: Tensor
    right: Tensor
    told: Tensor

    def targets(self) -> Tensor:
        """Flat positions [N] of the first token that is right for each."""
        return self.positions - self.positions % self.right.shape[1] + self.right.int().argmax(dim=1)


@dataclass(frozen=True)
class Piece:
    """A conversation as ids; `answers` are (task, first, end) of its answers' tokens within them."""

    ids: list[int]
    answers: list[tuple[str, int, int]]
    pointers: list[Pointer | Lookup]


class Rows:
    """`rows` sequences of `length` tokens, filled up with `pad`; `image` is the image token's id."""

    def __init__(self, rows: int, length: int, pad: int, image: int) -> None:
        self.length, self.image = length, image
        self.ids, self.segments = np.full((rows, length), pad), np.full((rows, length), -1)
        self.positions, self.targets = np.zeros((2, rows, length), dtype=np.int64)
        self.tasks, self.owners = np.full((rows, length), NO_TASK), np.zeros((rows, length), dtype=np.int64)
        self.starts, self.ends, self.counts = [0] * rows, [0] * rows, [0] * rows
        self.images = [np.empty(0, dtype=np.int64)] * rows  # where a row's image tokens are
        self.looks: dict[str, list[Look]] = {kind: [] for kind in KINDS}

    def open(self, row: int, ids: Sequence[int], later: int) -> None:
        """Begins a row; ValueError when the opening leaves no room for a question.

        later: image tokens of one view, where views follow that can be compared to the one before; else 0.
        """
        start = len(ids)
        if start >= self.length:
            raise ValueError(f"an opening of {start} tokens does not fit a sequence of {self.length}")
        self.ids[row, :start], self.segments[row, :start] = ids, 0
        self.positions[row, :start] = np.arange(start)
        self.starts[row] = self.ends[row] = start
        self.images[row] = images = np.flatnonzero(self.ids[row] == self.image)
        if later:
            pairs = zip(images[later:], images[:-later], strict=True)
            self.looks["before"] += [(row, here, [there], ()) for here, there in pairs]

    def add(self, row: int, piece: Piece, task_number: Callable[[str], int]) -> None:
        """Appends a conversation, unless there is no more room for it."""
        start, end, length = self.starts[row], self.ends[row], len(piece.ids)
        if end + length > self.length:
            return
        self.counts[row] += 1
        span = slice(end, end + length)
        self.ids[row, span], self.segments[row, span] = piece.ids, self.counts[row]
        self.positions[row, span] = np.arange(start, start + length)
        for task, first, last in piece.answers:
            learned = slice(end + first - 1, end + last - 1)
            self.tasks[row, learned], self.targets[row, learned] = task_number(task), piece.ids[first:last]
            self.owners[row, learned] = self.owners.max() + 1
        for pointer in piece.pointers:
            look = (row, end + pointer.token, pointer.where(self.images[row], end), pointer.told)
            self.looks[pointer.kind].append(look)
        self.ends[row] += length

    def aims(self, kind: str) -> Aims:
        """Those of one kind, rows laid out flat."""
        looks = self.looks[kind]
        right = torch.zeros(len(looks), self.length, dtype=torch.bool)
        for number, (_, _, where, _) in enumerate(looks):
            right[number, where] = True
        positions = torch.tensor([row * self.length + token for row, token, _, _ in looks], dtype=torch.long)
        return Aims(positions, right, torch.tensor([told for *_, told in looks], dtype=torch.long))
