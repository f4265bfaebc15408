"""What one step learns from: the losses of naming what is shown, of answering, and of what leads to answers.

Knows no clock and no optimizer.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from tools.embedded.training.arithmetic import computing_in
from tools.embedded.training.batches import Cells, Maker
from tools.embedded.training.heads import Trained
from tools.embedded.training.hints import WEIGHTS, losses_of
from tools.embedded.training.model import Forward, attention_mask
from tools.embedded.training.stages import WORLD_FOUR, WORLD_ONE, Form
from tools.embedded.training.training_log import TASKS, Log
from tools.embedded.world.looks import VARIED
from tools.embedded.world.scenes import Knobs
from tools.embedded.world.words import JUMBLED

QUERIES = "model.model.text_model.layers.{}.self_attn.q_proj.weight"  # as `Trained` names them
HINTS = 0.2  # weight of the decoder's inside beside what is answered


@dataclass(frozen=True)
class Lesson:
    """A worker's way from random streams to a loss.

    pages: pictures that are all labels, beside the asked ones and a split one of which nothing is asked either: when
    the encoder told 96 % of the things in pictures of one tile, it told 58 % of those in tiles of others.
    """

    maker: Maker
    forward: Forward
    trained: Trained
    dtype: torch.dtype
    log: Log
    pages: int = 10
    pictures: int = 48  # while the encoder learns alone
    peaks: dict[str, Tensor] = field(default_factory=dict)  # a layer's queries -> the largest score of each head

    def see(self, progress: float) -> Tensor:
        """Loss of naming what every image token shows; letters begin large."""
        knobs = Knobs(
            letter=0.2 - 0.1 * min(1, progress * 1.5),
            longest=5 if progress < 0.3 else 8,
            text=0.65,
            second=0.4,
            rough=0.2,
            varied=VARIED,
            jumbled=JUMBLED,
        )
        scenes = self.pictures // 4
        split = self.maker.cells(WORLD_FOUR, knobs, 1)
        pages = self.maker.pages(self.pictures - scenes - len(split[0]))
        pixels, *labels = join(self.maker.cells(WORLD_ONE, knobs, scenes), split, pages)
        with computing_in(self.dtype):
            features = self.features(pixels)
            self.log.see(self.trained.heads, features[:scenes].detach(), [part[:scenes] for part in labels], "scenes")
            return self.log.loss("cells", self.trained.heads(features, *labels), self.pictures)

    def answer(self, form: Form, progress: float) -> Tensor:
        """Loss of the answers' tokens and of what leads to them, with a share of that of naming, pages included."""
        knobs = Knobs(text=0.72, second=0.4, group=0.3, unknown=0.14, rough=0.2, varied=VARIED, jumbled=JUMBLED)
        batch = self.maker.batch(form, knobs, TASKS.index)
        cells = (batch.pixels, batch.things, batch.letters, batch.backgrounds)
        pixels, *labels = join(cells, self.maker.cells(WORLD_FOUR, knobs, 1), self.maker.pages(self.pages))
        tiles = len(batch.pixels)
        with computing_in(self.dtype):
            features, mask = self.features(pixels), attention_mask(batch.segments)
            decoded = self.forward.decode(batch.ids, features[:tiles], batch.places, batch.positions, mask)
            for number, scored in enumerate(decoded.scores):
                self.peaks[QUERIES.format(number)] = scored.detach().masked_fill(~mask, 0).abs().amax(dim=(0, 2, 3))
            logits = self.forward.model.lm_head(decoded.hidden.flatten(0, 1)[batch.asked]).float()
            answers = by_answer(functional.cross_entropy(logits, batch.targets, reduction="none"), batch.owners)
            self.log.answer(f"/{form.name}", logits.detach(), batch)
            for part, where in ((slice(tiles), form.name), (slice(-self.pages, None), "pages")):
                self.log.see(self.trained.heads, features[part].detach(), [label[part] for label in labels], where)
            seen = self.log.loss("cells", self.trained.heads(features, *labels), 0)
            answered = self.log.loss(f"answers/{form.name}", answers, form.exhibits)
            total = answered + max(0.5, 1 - progress) * seen
            for kind, loss in losses_of(decoded, batch, self.trained).items():
                total = total + HINTS * WEIGHTS.get(kind, 1.0) * self.log.loss(f"{kind}/{form.name}", loss, 0)
            return total

    def encoded(self, pictures: int) -> tuple[Tensor, ...]:
        """Features [N, D] of pages and scenes in equal parts as they are now, and the labels of each."""
        parts = []
        for _ in range(max(1, pictures // self.pictures)):
            half = self.pictures // 2
            for pixels, *labels in (self.maker.pages(half), self.maker.cells(WORLD_ONE, Knobs(), half)):
                with torch.no_grad(), computing_in(self.dtype):
                    parts.append((self.features(pixels).float(), *labels))
        return tuple(torch.cat(part).flatten(0, 1) for part in zip(*parts, strict=True))

    def features(self, pixels: Tensor) -> Tensor:
        """uint8 pixels [T, 3, H, W] -> image tokens [T, K, D] as the decoder gets them."""
        return self.forward.connect(self.forward.encode(normalise(pixels, self.dtype)))


def by_answer(losses: Tensor, owners: Tensor) -> Tensor:
    """The mean of tokens' losses [N], each weighed by 1 / sqrt(length) of the answer that owns it.

    By token alone a caption counts seven times as much as a "Yes.", which has one token that tells.
    """
    weights = owners.bincount().float().rsqrt()[owners]
    return (losses * weights).sum() / weights.sum()


def join(*sets: Cells) -> Cells:
    """Pixels and labels of several sets of tiles as one."""
    pixels, things, letters, backgrounds = (torch.cat(parts) for parts in zip(*sets, strict=True))
    return pixels, things, letters, backgrounds


def normalise(pixels: Tensor, dtype: torch.dtype) -> Tensor:
    return (pixels.float() / 127.5 - 1).to(dtype)
