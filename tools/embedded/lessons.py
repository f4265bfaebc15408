"""What one step learns from: the loss of naming patches, and that of answering. Knows no clock and no optimizer."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.embedded.arithmetic import computing_in
from tools.embedded.batches import Cells, Maker
from tools.embedded.labels import NOT_LETTER, NOT_THING
from tools.embedded.looks import VARIED
from tools.embedded.model import CellHeads, Forward, Shape, attention_mask, build_config, build_model
from tools.embedded.scenes import Knobs
from tools.embedded.stages import WORLD_ONE, Form
from tools.embedded.training_log import TASKS, Log


class Trained(nn.Module):
    """The model and its helpers: all that has parameters."""

    def __init__(self, shape: Shape, ids: dict[str, int], seed: int) -> None:
        super().__init__()
        self.model = build_model(build_config(shape, ids), seed)
        self.heads = CellHeads(shape.hidden, NOT_THING, NOT_LETTER)


@dataclass(frozen=True)
class Lesson:
    """A worker's way from random streams to a loss. `pages` are pictures that are all labels, beside the asked ones."""

    maker: Maker
    forward: Forward
    heads: CellHeads
    dtype: torch.dtype
    log: Log
    pages: int
    pictures: int = 48  # while the encoder learns alone

    def see(self, progress: float) -> Tensor:
        """Loss of naming what every patch shows; letters begin large."""
        knobs = Knobs(
            letter=0.2 - 0.1 * min(1, progress * 1.5),
            longest=5 if progress < 0.3 else 8,
            text=0.65,
            rough=0.2,
            varied=VARIED,
        )
        scenes = self.pictures // 3
        pages = self.maker.pages(self.pictures - scenes)
        pixels, things, letters = join(self.maker.cells(WORLD_ONE, knobs, scenes), pages)
        with computing_in(self.dtype):
            patches = self.forward.encode(normalise(pixels, self.dtype))
            self.log.see(self.heads, patches[:scenes].detach(), things[:scenes], letters[:scenes], "scenes")
            return self.log.loss("cells", self.heads(patches, things, letters), self.pictures)

    def answer(self, form: Form, progress: float) -> Tensor:
        """Loss of the answers' tokens, with a share of the cells' loss, that of pages included."""
        knobs = Knobs(letter=0.14 - 0.03 * progress, text=0.6, group=0.3, unknown=0.12, rough=0.2, varied=VARIED)
        batch = self.maker.batch(form, knobs, TASKS.index)
        cells = (batch.pixels, batch.things, batch.letters)
        pixels, things, letters = join(cells, self.maker.pages(self.pages)) if self.pages else cells
        tiles = len(batch.pixels)
        with computing_in(self.dtype):
            patches = self.forward.encode(normalise(pixels, self.dtype))
            features, mask = self.forward.connect(patches[:tiles]), attention_mask(batch.segments)
            hidden = self.forward.decode(batch.ids, features, batch.places, batch.positions, mask)
            logits = self.forward.model.lm_head(hidden.flatten(0, 1)[batch.asked]).float()
            answers = by_answer(functional.cross_entropy(logits, batch.targets, reduction="none"), batch.owners)
            self.log.answer(f"/{form.name}", logits.detach(), batch)
            for part, where in ((slice(tiles), form.name), (slice(tiles, None), "pages")):
                self.log.see(self.heads, patches[part].detach(), things[part], letters[part], where)
            seen = self.log.loss("cells", self.heads(patches, things, letters), 0)
            return self.log.loss(f"answers/{form.name}", answers, form.exhibits) + max(0.5, 1 - progress) * seen

    def encoded(self, pictures: int) -> tuple[Tensor, Tensor, Tensor]:
        """Patches [N, D] of pages and scenes in equal parts as the encoder has them now, with their labels."""
        parts = []
        for _ in range(max(1, pictures // self.pictures)):
            half = self.pictures // 2
            for pixels, things, letters in (self.maker.pages(half), self.maker.cells(WORLD_ONE, Knobs(), half)):
                with torch.no_grad(), computing_in(self.dtype):
                    parts.append((self.forward.encode(normalise(pixels, self.dtype)).float(), things, letters))
        patches, things, letters = (torch.cat(part).flatten(0, 1) for part in zip(*parts, strict=True))
        return patches, things, letters


def by_answer(losses: Tensor, owners: Tensor) -> Tensor:
    """The mean of tokens' losses [N], each weighed by 1 / sqrt(length) of the answer that owns it.

    By token alone a caption counts seven times as much as a "Yes.", which has one token that tells.
    """
    weights = owners.bincount().float().rsqrt()[owners]
    return (losses * weights).sum() / weights.sum()


def join(first: Cells, second: Cells) -> Cells:
    """Pixels and labels of two sets of tiles as one."""
    pixels, things, letters = (torch.cat(pair) for pair in zip(first, second, strict=True))
    return pixels, things, letters


def normalise(pixels: Tensor, dtype: torch.dtype) -> Tensor:
    return (pixels.float() / 127.5 - 1).to(dtype)
