"""What one step learns from: the losses of naming what is shown, of answering, and of where to look.

Knows no clock and no optimizer.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.embedded.arithmetic import computing_in
from tools.embedded.batches import Batch, Cells, Maker
from tools.embedded.labels import IGNORE, NOT_LETTER, NOT_THING
from tools.embedded.looks import VARIED
from tools.embedded.model import CellHeads, Decoded, Forward, Shape, SlotHead, attention_mask, build_config, build_model
from tools.embedded.scenes import Knobs
from tools.embedded.stages import WORLD_ONE, Form
from tools.embedded.training_log import TASKS, Log


class Trained(nn.Module):
    """The model and its helpers: all that has parameters."""

    def __init__(self, shape: Shape, ids: dict[str, int], seed: int) -> None:
        super().__init__()
        self.model = build_model(build_config(shape, ids), seed)
        self.heads = CellHeads(shape.hidden, shape.shuffle, NOT_THING, NOT_LETTER)
        self.slots = SlotHead(shape.hidden, shape.shuffle)


AIMS = {  # `Batch`'s aims -> layers and heads of the decoder that learn to look there
    "name": ((2, 2), (4, 1), (4, 3)),
    "letter": ((2, 2), (4, 1), (4, 3)),
    "answer": ((4, 1), (4, 3)),
    "named": ((3, 0),),
    "before": ((1, 0),),
}
SLOTS = 4  # the layer that should be given which of a token's letters comes next
QUERIES = "model.model.text_model.layers.{}.self_attn.q_proj.weight"  # as `Trained` names them
POINTING = 0.2  # weight of where they look beside what is answered


@dataclass(frozen=True)
class Lesson:
    """A worker's way from random streams to a loss. `pages` are pictures that are all labels, beside the asked ones."""

    maker: Maker
    forward: Forward
    heads: CellHeads
    slots: SlotHead
    dtype: torch.dtype
    log: Log
    pages: int = 12
    pictures: int = 48  # while the encoder learns alone
    peaks: dict[str, Tensor] = field(default_factory=dict)  # a layer's queries -> the largest score of each head

    def see(self, progress: float) -> Tensor:
        """Loss of naming what every image token shows; letters begin large."""
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
            features = self.features(pixels)
            self.log.see(self.heads, features[:scenes].detach(), things[:scenes], letters[:scenes], "scenes")
            return self.log.loss("cells", self.heads(features, things, letters), self.pictures)

    def answer(self, form: Form, progress: float) -> Tensor:
        """Loss of the answers' tokens and of where they look, with a share of that of naming; pages included."""
        knobs = Knobs(text=0.6, group=0.3, unknown=0.12, rough=0.2, varied=VARIED)
        batch = self.maker.batch(form, knobs, TASKS.index)
        cells = (batch.pixels, batch.things, batch.letters)
        pixels, things, letters = join(cells, self.maker.pages(self.pages)) if self.pages else cells
        tiles = len(batch.pixels)
        with computing_in(self.dtype):
            features, mask = self.features(pixels), attention_mask(batch.segments)
            decoded = self.forward.decode(batch.ids, features[:tiles], batch.places, batch.positions, mask)
            for number, scored in enumerate(decoded.scores):
                self.peaks[QUERIES.format(number)] = scored.detach().masked_fill(~mask, 0).abs().amax(dim=(0, 2, 3))
            logits = self.forward.model.lm_head(decoded.hidden.flatten(0, 1)[batch.asked]).float()
            answers = by_answer(functional.cross_entropy(logits, batch.targets, reduction="none"), batch.owners)
            self.log.answer(f"/{form.name}", logits.detach(), batch)
            for part, where in ((slice(tiles), form.name), (slice(tiles, None), "pages")):
                self.log.see(self.heads, features[part].detach(), things[part], letters[part], where)
            seen = self.log.loss("cells", self.heads(features, things, letters), 0)
            answered = self.log.loss(f"answers/{form.name}", answers, form.exhibits)
            total = answered + max(0.5, 1 - progress) * seen
            return total + POINTING * self.point(decoded, batch, form.name)

    def point(self, decoded: Decoded, batch: Batch, form: str) -> Tensor:
        """Loss of looking where `Batch` says; of letters, also of which of an image token's letters comes next."""
        missed = decoded.hidden.new_zeros(())
        for kind, heads in AIMS.items():
            aims = batch.aims[kind]
            if len(aims.positions):
                looked = [decoded.scores[layer][:, head].flatten(0, 1)[aims.positions] for layer, head in heads]
                missed = missed + self.log.loss(f"{kind}/{form}", pointing(torch.stack(looked, -1), aims.right), 0)
        if (batch.slots == IGNORE).all():
            return missed
        given = decoded.inputs[SLOTS].flatten(0, 1)[batch.aims["letter"].positions].float()
        guessed = self.slots(functional.rms_norm(given, given.shape[-1:]))
        return missed + self.log.loss(f"slots/{form}", functional.cross_entropy(guessed, batch.slots), 0)

    def encoded(self, pictures: int) -> tuple[Tensor, Tensor, Tensor]:
        """Features [N, D] of pages and scenes in equal parts as they are now, with the labels of each."""
        parts = []
        for _ in range(max(1, pictures // self.pictures)):
            half = self.pictures // 2
            for pixels, things, letters in (self.maker.pages(half), self.maker.cells(WORLD_ONE, Knobs(), half)):
                with torch.no_grad(), computing_in(self.dtype):
                    parts.append((self.features(pixels).float(), things, letters))
        features, things, letters = (torch.cat(part).flatten(0, 1) for part in zip(*parts, strict=True))
        return features, things, letters

    def features(self, pixels: Tensor) -> Tensor:
        """uint8 pixels [T, 3, H, W] -> image tokens [T, K, D] as the decoder gets them."""
        return self.forward.connect(self.forward.encode(normalise(pixels, self.dtype)))


def by_answer(losses: Tensor, owners: Tensor) -> Tensor:
    """The mean of tokens' losses [N], each weighed by 1 / sqrt(length) of the answer that owns it.

    By token alone a caption counts seven times as much as a "Yes.", which has one token that tells.
    """
    weights = owners.bincount().float().rsqrt()[owners]
    return (losses * weights).sum() / weights.sum()


def pointing(scores: Tensor, right: Tensor) -> Tensor:
    """Mean of -log of the share of what heads look at that lies where it should, [N, L]; scores [N, L, heads]."""
    scores = scores.float()
    there = scores.masked_fill(~right[..., None], float("-inf"))
    return (scores.logsumexp(dim=1) - there.logsumexp(dim=1)).mean()


def join(first: Cells, second: Cells) -> Cells:
    """Pixels and labels of two sets of tiles as one."""
    pixels, things, letters = (torch.cat(pair) for pair in zip(first, second, strict=True))
    return pixels, things, letters


def normalise(pixels: Tensor, dtype: torch.dtype) -> Tensor:
    return (pixels.float() / 127.5 - 1).to(dtype)
