"""One arm of a comparison: a given model of which a part is made anew, trained for a while and then measured.

Knows how an arm may depart from the recipe; which arms are compared, and why, is in `findings.py`.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from transformers import SmolVLMForConditionalGeneration

from tools.embedded.training.arithmetic import computing_in, faster_dtype
from tools.embedded.training.batches import Batch, Maker
from tools.embedded.training.lessons import normalise
from tools.embedded.training.model import Forward, Shape, attention_mask, build_config, build_model
from tools.embedded.training.muon import Rates, make_slots
from tools.embedded.training.prompts import clip_opening
from tools.embedded.training.rows import Piece
from tools.embedded.training.schedule import Ramp
from tools.embedded.training.stages import Form
from tools.embedded.training.tiles import Tiled
from tools.embedded.training.tokenizer import load_tokenizer, token_ids
from tools.embedded.training.training_log import TASKS
from tools.embedded.training.warm_start import load_weights
from tools.embedded.world.dialogues import Turns
from tools.embedded.world.exhibits import Exhibit
from tools.embedded.world.scenes import Knobs, World

RAMP = Ramp(1.0, 30, 1.0)
BATCHES = 20  # of held-out seeds, to measure an arm
HELD_OUT = 8_000_000
ENCODER = "model.vision_model."
TAG = "<row_"
# What begins anew, and what goes on from the given folder: its encoder always, which is held still.
Fresh = Literal["decoder", "connector", "tags", "nothing"]  # "decoder": the connector too


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: its batches, and the one thing in which it departs."""

    name: str
    form: Form
    shuffle: int = 2
    text_tags: bool = False  # row and column written out instead of learned tokens
    averaged: int = 1  # frames whose features become one
    all_tokens: bool = False  # loss on questions as well as answers
    fresh: Fresh = "decoder"
    knobs: Knobs = Knobs(unknown=0.0)


class ArmMaker(Maker):
    """Batches with the openings that an arm asks for."""

    def __init__(self, world: World, tokenizer_file: Path, seed: int, arm: Arm, shape: Shape) -> None:
        super().__init__(world, load_tokenizer(tokenizer_file), seed, shape.tokens_per_tile, shape.tile)
        self.arm = arm

    def opening(self, exhibit: Exhibit, tiled: list[Tiled]) -> list[int]:
        if exhibit.seconds and self.arm.averaged > 1:
            seconds = exhibit.seconds[:: self.arm.averaged]
            ids: list[int] = self.tokenizer.encode(clip_opening(seconds, exhibit.duration, self.tokens_per_tile)).ids
            return ids
        ids = super().opening(exhibit, tiled)
        return [piece for token in ids for piece in self.spelled(token)] if self.arm.text_tags else ids

    def encode(self, conversation: Turns, exhibit: Exhibit, tiled: list[Tiled]) -> Piece:
        """Without aims: averaged frames have other image tokens, and no arm is told where to look."""
        return replace(super().encode(conversation, exhibit, tiled), pointers=[])

    def spelled(self, token: int) -> list[int]:
        """A row and column token as words, any other as it is."""
        name = self.tokenizer.id_to_token(token) or ""
        if not name.startswith(TAG):
            return [token]
        ids: list[int] = self.tokenizer.encode(name.strip("<>").replace("_", " ")).ids
        return ids


class Trial:
    """One arm with one seed: a model with the given encoder, trained and measured."""

    def __init__(self, arm: Arm, seed: int, start: Path, world: World) -> None:
        self.arm, self.dtype = arm, faster_dtype()
        self.shape = Shape(shuffle=arm.shuffle)
        tokenizer = start / "tokenizer.json"
        ids = token_ids(load_tokenizer(tokenizer))
        given = build_model(build_config(Shape(), ids), seed)
        load_weights(start, given)
        self.model = build_model(build_config(self.shape, ids), seed)
        self.model.model.vision_model = given.model.vision_model.requires_grad_(False)
        if arm.fresh != "decoder":
            self.model.model.text_model, self.model.lm_head = given.model.text_model, given.lm_head
        if arm.fresh in ("tags", "nothing"):
            self.model.model.connector = given.model.connector
        if arm.fresh == "tags":
            forget_tags(self.model, load_tokenizer(tokenizer))
        self.forward = Forward(self.model, self.shape)
        self.makers = [ArmMaker(world, tokenizer, first + seed, arm, self.shape) for first in (0, HELD_OUT)]

    def train(self, seconds: float) -> int:
        """Steps until `seconds` of processor time are used up; returns how many."""
        slots = [slot for slot in make_slots(self.model) if not slot.name.startswith(ENCODER)]
        rates, start, step = Rates(dtype=self.dtype), time.process_time(), 0
        while (used := time.process_time() - start) < seconds:
            step += 1
            batch = self.makers[0].batch(self.arm.form, self.arm.knobs, TASKS.index)
            asked, targets = every_token(batch) if self.arm.all_tokens else (batch.asked, batch.targets)
            functional.cross_entropy(self.logits(batch, asked), targets).backward()
            for slot in slots:
                gradient, slot.parameter.grad = slot.parameter.grad, None
                if gradient is not None:
                    slot.update(gradient, rates, RAMP.factor(used / seconds, step), step)
        return step

    def logits(self, batch: Batch, asked: Tensor) -> Tensor:
        """[N, vocabulary] at the flat positions `asked`."""
        with computing_in(self.dtype):
            with torch.no_grad():
                patches = self.forward.encode(normalise(batch.pixels, self.dtype))
            features = self.forward.connect(patches)
            if self.arm.averaged > 1:
                features = features.unflatten(0, (-1, self.arm.averaged)).mean(dim=1)
            mask = attention_mask(batch.segments)
            decoded = self.forward.decode(batch.ids, features, batch.places, batch.positions, mask)
            logits: Tensor = self.model.lm_head(decoded.hidden.flatten(0, 1)[asked]).float()
            return logits

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def right(self, task: str) -> float:
        """The share of held-out answers to `task` that are right in every token."""
        right = total = 0
        for _ in range(BATCHES):
            batch = self.makers[1].batch(self.arm.form, self.arm.knobs, TASKS.index)
            wrong = self.logits(batch, batch.asked).argmax(dim=-1) != batch.targets
            chosen = batch.tasks == TASKS.index(task) if task else torch.ones_like(wrong)
            owners, missed = batch.owners[chosen].unique(), batch.owners[chosen & wrong].unique()
            right, total = right + len(owners) - len(missed), total + len(owners)
        return right / max(1, total)


@torch.no_grad()  # type: ignore[untyped-decorator]
def forget_tags(model: SmolVLMForConditionalGeneration, tokenizer: Tokenizer) -> None:
    """Row and column tokens become random again, as large as the other tokens are."""
    embeddings = model.model.text_model.embed_tokens.weight
    tags = [number for name, number in tokenizer.get_vocab().items() if name.startswith(TAG)]
    embeddings[tags] = torch.randn(len(tags), embeddings.shape[1]) * embeddings.std()


def every_token(batch: Batch) -> tuple[Tensor, Tensor]:
    """Flat positions within questions and answers alike, and the token that follows each."""
    segments, ids = batch.segments, batch.ids
    inside = torch.zeros_like(segments, dtype=torch.bool)
    inside[:, :-1] = (segments[:, :-1] > 0) & (segments[:, 1:] == segments[:, :-1])
    asked = inside.flatten().nonzero()[:, 0]
    return asked, ids.flatten()[asked + 1]
