"""Training batches: exhibits as tiles, several conversations packed behind each, labels for the cells.

A worker makes its own batches from its own random stream. Lengths are fixed per form, so memory stays flat.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from tools.embedded.training.pointing import Tokenized, pointers_of
from tools.embedded.training.prompts import answer_text, clip_opening, picture_opening, question_text
from tools.embedded.training.rows import NO_TASK, Aims, Piece, Rows
from tools.embedded.training.stages import Form
from tools.embedded.training.tiles import Tiled, cut_tiles, one_tile
from tools.embedded.training.tokenizer import IMAGE, PAD
from tools.embedded.world.dialogues import Turns
from tools.embedded.world.drills import in_order
from tools.embedded.world.exhibits import Exhibit, View, sample_exhibit
from tools.embedded.world.labels import GRID, label_background, label_cells
from tools.embedded.world.pages import sample_page
from tools.embedded.world.scenes import Knobs, World

# pixels [T, 3, H, W] uint8; of the r^2 patches of K tokens things [T, K, r^2, NAMED] and letters
# [T, K, r^2, HALVES, NUMBERS]; backgrounds [T, K, 2], the same for all of a tile's tokens
Cells = tuple[Tensor, Tensor, Tensor, Tensor]


@dataclass
class Batch:
    """pixels [T, 3, H, W] uint8; ids, segments, positions [B, L]; flat places of image tokens; flat targets."""

    pixels: Tensor
    things: Tensor
    letters: Tensor
    backgrounds: Tensor
    ids: Tensor
    segments: Tensor
    positions: Tensor
    places: Tensor
    asked: Tensor  # flat positions whose next token is part of an answer
    targets: Tensor
    tasks: Tensor  # task number of each target
    owners: Tensor  # number of the question that each target belongs to
    aims: dict[str, Aims]  # at image tokens; "named" and "other" at names, "before" a view earlier

    def tokens_at(self, positions: Tensor) -> Tensor:
        """Which image tokens, of all tiles one after the other, are at these flat positions."""
        return torch.searchsorted(self.places, positions)


class Maker:
    """Draws batches of one form at a time."""

    def __init__(self, world: World, tokenizer: Tokenizer, seed: int, tokens_per_tile: int, tile: int) -> None:
        self.world, self.tokenizer = world, tokenizer
        self.rng = np.random.default_rng(seed)
        self.tokens_per_tile, self.tile = tokens_per_tile, tile
        self.side = math.isqrt(tokens_per_tile)
        self.image_id, self.pad_id = (tokenizer.get_vocab()[token] for token in (IMAGE, PAD))

    def exhibit(self, form: Form, knobs: Knobs) -> tuple[Exhibit, list[Tiled]]:
        """One exhibit with its views cut to tiles; half of the split ones have small things and letters."""
        size = form.sizes[self.rng.integers(len(form.sizes))]
        kinds, shares = zip(*form.kinds, strict=True)
        kind = str(self.rng.choice(kinds, p=shares))
        if form.split and self.rng.random() < 0.5:
            knobs = replace(knobs, small=0.6)
        frames = int(self.rng.integers(form.frames[0], form.frames[1] + 1))
        exhibit = sample_exhibit(kind, self.world, self.rng, size, knobs, frames)
        cut: Callable[..., Tiled] = cut_tiles if form.split else one_tile
        return exhibit, [cut(view.picture, 2 * self.tile, self.tile) for view in exhibit.views]

    def cells(self, form: Form, knobs: Knobs, exhibits: int) -> Cells:
        """Pixels and cell labels alone, for the encoder's own training."""
        return self.stack_cells([self.exhibit(form, knobs) for _ in range(exhibits)])

    def pages(self, pictures: int) -> Cells:
        """Pixels and labels of pages and crowds in one tile each."""
        shown = []
        for _ in range(pictures):
            page = sample_page(self.world, self.rng, self.tile, self.tile)
            picture = self.world.draw(page)
            shown.append((Exhibit((View(picture, page),), ()), [one_tile(picture, 2 * self.tile, self.tile)]))
        return self.stack_cells(shown)

    def batch(self, form: Form, knobs: Knobs, task_number: Callable[[str], int]) -> Batch:
        shown = [self.exhibit(form, knobs) for _ in range(form.exhibits)]
        rows = Rows(form.exhibits, form.length, self.pad_id, self.image_id)
        for row, (exhibit, tiled) in enumerate(shown):
            later = self.tokens_per_tile if len(tiled) > 1 and not form.split else 0
            rows.open(row, self.opening(exhibit, tiled), later)
            for conversation in in_order(self.rng, exhibit.conversations):
                rows.add(row, self.encode(conversation, exhibit, tiled), task_number)
        flat, ids = torch.from_numpy(rows.tasks.ravel()), torch.from_numpy(rows.ids)
        asked = (flat != NO_TASK).nonzero()[:, 0]
        return Batch(
            *self.stack_cells(shown),
            ids,
            torch.from_numpy(rows.segments),
            torch.from_numpy(rows.positions),
            (ids.flatten() == self.image_id).nonzero()[:, 0],
            asked,
            torch.from_numpy(rows.targets.ravel())[asked],
            flat[asked],
            torch.from_numpy(rows.owners.ravel())[asked],
            {kind: rows.aims(kind) for kind in rows.looks},
        )

    def opening(self, exhibit: Exhibit, tiled: list[Tiled]) -> list[int]:
        """The ids of everything before a question."""
        if exhibit.seconds:
            text = clip_opening(exhibit.seconds, exhibit.duration, self.tokens_per_tile)
        else:
            text = picture_opening([(one.rows, one.columns) for one in tiled], self.tokens_per_tile)
        ids: list[int] = self.tokenizer.encode(text).ids
        return ids

    def encode(self, conversation: Turns, exhibit: Exhibit, tiled: list[Tiled]) -> Piece:
        """Ids of all turns; split where the prompt ends, as when answering."""
        piece = Piece([], [], [])
        for turn, question in enumerate(conversation):
            asked = self.tokenize(question_text(question.text, turn, bool(exhibit.seconds)), piece)
            answer = self.tokenize(answer_text(question.answer), piece)
            piece.answers.append((question.task, answer.start, len(piece.ids)))
            piece.pointers.extend(pointers_of(question.task, asked, answer, exhibit, tiled, self.side))
        return piece

    def tokenize(self, text: str, piece: Piece) -> Tokenized:
        """Appends the text's ids to the piece."""
        told = Tokenized(text, self.tokenizer.encode(text), len(piece.ids))
        piece.ids.extend(told.encoding.ids)
        return told

    def stack_cells(self, shown: list[tuple[Exhibit, list[Tiled]]]) -> Cells:
        """The tiles of all exhibits in order, with the labels of their tokens' patches."""
        seen = [(view, one) for exhibit, tiled in shown for view, one in zip(exhibit.views, tiled, strict=True)]
        labels = [
            label_cells(view.labels, region, GRID, region == (0, 0, *view.picture.size))
            for view, one in seen
            for region in one.regions
        ]
        pixels = torch.from_numpy(np.concatenate([one.pixels for _, one in seen]))
        things, letters = (by_token(torch.from_numpy(np.stack(part)), self.side) for part in zip(*labels, strict=True))
        backgrounds = [
            label_background(view.labels, region, *view.picture.size) for view, one in seen for region in one.regions
        ]
        tokens = torch.from_numpy(np.stack(backgrounds))[:, None].repeat(1, self.tokens_per_tile, 1)
        return pixels, things, letters, tokens


def by_token(labels: Tensor, tokens: int) -> Tensor:
    """Labels [T, P, ...] of a grid of patches -> [T, K, r^2, ...], for a square of K = tokens * tokens tokens."""
    r = GRID // tokens
    grid = labels.unflatten(1, (tokens, r, tokens, r)).transpose(2, 3)
    return grid.flatten(3, 4).flatten(1, 2)
