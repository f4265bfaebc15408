"""Training batches: pictures as tiles, several questions packed behind each, labels for the cells.

A worker makes its own batches from its own random stream. Lengths are fixed per form, so memory stays flat.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from tools.embedded.drills import drill, in_order
from tools.embedded.pages import sample_page
from tools.embedded.questions import Asker, Question
from tools.embedded.scenes import Knobs, Scene, World, label_cells
from tools.embedded.tiles import Tiled, cut_tiles, image_prompt, one_tile

GRID = 8  # patches a side


@dataclass(frozen=True)
class Form:
    """How the pictures of one batch look: sizes to draw at, tokens a sequence, pictures a worker."""

    name: str
    sizes: tuple[tuple[int, int], ...]
    split: bool
    tiles: int
    length: int
    pictures: int


ONE = Form("one", ((128, 128),) * 14 + ((256, 256), (160, 120), (320, 240), (120, 160), (256, 192), (200, 200)),
           False, 1, 96, 28)  # fmt: skip
FOUR = Form("four", ((256, 256),) * 6 + ((320, 240), (256, 192), (192, 256), (400, 400), (640, 480), (240, 300)),
            True, 5, 152, 6)  # fmt: skip
TWO = Form("two", ((256, 128),) * 4 + ((128, 256),) * 2 + ((320, 150), (480, 240), (120, 300)),
           True, 3, 120, 10)  # fmt: skip


@dataclass
class Batch:
    """pixels [T, 3, H, W] uint8; ids, segments, positions [B, L]; flat places of image tokens; flat targets."""

    pixels: Tensor
    things: Tensor
    letters: Tensor
    ids: Tensor
    segments: Tensor
    positions: Tensor
    places: Tensor
    asked: Tensor  # flat positions whose next token is part of an answer
    targets: Tensor
    tasks: Tensor  # task number of each target
    owners: Tensor  # number of the question that each target belongs to


class Maker:
    """Draws batches of one form at a time."""

    def __init__(self, world: World, tokenizer: Tokenizer, seed: int, tokens_per_tile: int, tile: int) -> None:
        self.world, self.tokenizer = world, tokenizer
        self.rng = np.random.default_rng(seed)
        self.asker = Asker(self.rng)
        self.tokens_per_tile, self.tile = tokens_per_tile, tile
        self.image_id = tokenizer.token_to_id("<image>")
        self.pad_id = tokenizer.token_to_id("<|im_end|>")
        self._prefixes: dict[tuple[int, int], list[int]] = {}

    def picture(self, form: Form, knobs: Knobs) -> tuple[Scene, Tiled]:
        width, height = form.sizes[self.rng.integers(len(form.sizes))]
        if form.split and self.rng.random() < 0.5:
            knobs = replace(knobs, small=0.6)
        scene = self.world.sample_scene(self.rng, width, height, knobs)
        cut: Callable[..., Tiled] = cut_tiles if form.split else one_tile
        return scene, cut(self.world.draw(scene), 2 * self.tile, self.tile)

    def cells(self, form: Form, knobs: Knobs, pictures: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pixels and cell labels alone, for the encoder's own training."""
        drawn = [self.picture(form, knobs) for _ in range(pictures)]
        return self._pixels(drawn)

    def pages(self, pictures: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pixels and labels of pages and crowds in one tile each."""
        drawn = []
        for _ in range(pictures):
            scene = sample_page(self.world, self.rng, self.tile, self.tile)
            drawn.append((scene, one_tile(self.world.draw(scene), 2 * self.tile, self.tile)))
        return self._pixels(drawn)

    def questions(self, scene: Scene) -> list[Question]:
        """What may be asked about a scene, the most useful first."""
        return in_order(self.rng, self.asker.ask(scene) + drill(self.asker, scene))

    def _pixels(self, drawn: list[tuple[Scene, Tiled]]) -> tuple[Tensor, Tensor, Tensor]:
        labels = [label_cells(scene, region, GRID) for scene, tiled in drawn for region in tiled.regions]
        pixels = torch.from_numpy(np.concatenate([tiled.pixels for _, tiled in drawn]))
        things, letters = (torch.from_numpy(np.stack(part)) for part in zip(*labels, strict=True))
        return pixels, things, letters

    def batch(self, form: Form, knobs: Knobs, task_number: Callable[[str], int]) -> Batch:
        drawn = [self.picture(form, knobs) for _ in range(form.pictures)]
        shape = (form.pictures, form.length)
        ids, segments = np.full(shape, self.pad_id), np.full(shape, -1)
        positions, tasks, targets = np.zeros(shape, dtype=np.int64), np.full(shape, -1), np.zeros(shape, dtype=np.int64)
        owners = np.zeros(shape, dtype=np.int64)
        for row, (scene, tiled) in enumerate(drawn):
            prefix = self.prefix(tiled.rows, tiled.columns)
            start = len(prefix)
            ids[row, :start], segments[row, :start], positions[row, :start] = prefix, 0, np.arange(start)
            end = start
            for number, question in enumerate(self.questions(scene), 1):
                head, answer = self.encode(question)
                length = len(head) + len(answer)
                if end + length > form.length:
                    continue
                span = slice(end, end + length)
                ids[row, span], segments[row, span] = head + answer, number
                positions[row, span] = np.arange(start, start + length)
                learned = slice(end + len(head) - 1, end + length - 1)
                tasks[row, learned], targets[row, learned] = task_number(question.task), answer
                owners[row, learned] = owners.max() + 1
                end += length
        pixels, things, letters = self._pixels(drawn)
        flat = torch.from_numpy(tasks.ravel())
        asked = (flat >= 0).nonzero()[:, 0]
        ids = torch.from_numpy(ids)
        return Batch(
            pixels,
            things,
            letters,
            ids,
            torch.from_numpy(segments),
            torch.from_numpy(positions),
            (ids.flatten() == self.image_id).nonzero()[:, 0],
            asked,
            torch.from_numpy(targets.ravel())[asked],
            flat[asked],
            torch.from_numpy(owners.ravel())[asked],
        )

    def prefix(self, rows: int, columns: int) -> list[int]:
        """The ids of everything before a question."""
        if (rows, columns) not in self._prefixes:
            text = "<|im_start|>User:" + image_prompt(rows, columns, self.tokens_per_tile)
            self._prefixes[rows, columns] = self.tokenizer.encode(text).ids
        return self._prefixes[rows, columns]

    def encode(self, question: Question) -> tuple[list[int], list[int]]:
        """Ids up to the answer, and the answer with its end; split where the prompt ends, as when it is generated."""
        head = self.tokenizer.encode(f"{question.text}<end_of_utterance>\nAssistant:").ids
        return head, self.tokenizer.encode(f" {question.answer}<end_of_utterance>").ids
