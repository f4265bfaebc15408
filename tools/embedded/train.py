"""Trains the embedded checkpoint: first the encoder alone, then the whole, in two processes of one thread each.

Both workers read the same weights in shared memory, compute gradients of their own pictures, and each updates half of
the parameters from the mean of both: two barriers a step and nothing is copied. The schedule counts time, not steps, so
a busy machine changes how much is learned but not when it ends. Restartable from the checkpoint it writes.
"""

import argparse
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, multiprocessing, nn
from torch.nn import functional

from tools.embedded.batches import FOUR, ONE, TWO, Batch, Form, Maker
from tools.embedded.model import CellHeads, Forward, Shape, attention_mask, build_config, build_model
from tools.embedded.muon import Rates, Slot, make_slots, share_out
from tools.embedded.questions import WORDINGS, Asker
from tools.embedded.scenes import NOT_LETTER, NOT_THING, Knobs, World
from tools.embedded.sprites import NAMES, Sprites, plural, with_article
from tools.embedded.tokenizer import load_tokenizer, token_ids, train_tokenizer
from tools.embedded.words import find_fonts

TASKS = (*WORDINGS, "decline")
WORKERS = 2
VOCABULARY = 1216


@dataclass(frozen=True)
class Plan:
    """What a run is given: folders, minutes of each stage, the seed."""

    art: Path
    fonts: tuple[Path, ...]
    out: Path
    encoder_minutes: float
    whole_minutes: float
    seed: int
    rates: Rates = Rates()
    shape: Shape = Shape()
    encoder_pictures: int = 48  # a worker and step, while the encoder learns alone
    save_seconds: float = 180
    log_steps: int = 50

    def world(self) -> World:
        return World(Sprites(self.art), find_fonts(list(self.fonts)))


class Trained(nn.Module):
    """The model and its helpers: all that has parameters."""

    def __init__(self, shape: Shape, ids: dict[str, int], seed: int) -> None:
        super().__init__()
        self.model = build_model(build_config(shape, ids), seed)
        self.heads = CellHeads(shape.hidden, NOT_THING, NOT_LETTER)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--art", type=Path, required=True, help="folder with google/ and twitter/ packages unpacked")
    parser.add_argument("--fonts", type=Path, action="append", required=True, help="folder of .ttf fonts; repeatable")
    parser.add_argument("--out", type=Path, required=True, help="folder for tokenizer, checkpoint and log")
    parser.add_argument("--encoder-minutes", type=float, default=24)
    parser.add_argument("--whole-minutes", type=float, default=86)
    parser.add_argument("--seed", type=int, default=20)
    given = parser.parse_args()
    plan = Plan(given.art, tuple(given.fonts), given.out, given.encoder_minutes, given.whole_minutes, given.seed)
    plan.out.mkdir(parents=True, exist_ok=True)
    tokenizer = ready_tokenizer(plan)
    trained = Trained(plan.shape, token_ids(tokenizer), plan.seed).share_memory()
    slots = make_slots(trained)
    step, elapsed = load_checkpoint(plan.out / "checkpoint.pt", trained, slots)
    gradients = torch.zeros(WORKERS, slots[-1].end).share_memory_()
    context = multiprocessing.get_context("fork")
    barrier, clock = context.Barrier(WORKERS), context.Value("d", elapsed)
    workers = [
        context.Process(target=work, args=(rank, plan, trained, slots, gradients, barrier, clock, step))
        for rank in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def ready_tokenizer(plan: Plan) -> Tokenizer:
    """The run's tokenizer, trained on sentences of the world when it isn't there yet."""
    path = plan.out / "tokenizer.json"
    if not path.exists():
        world, rng = plan.world(), np.random.default_rng(plan.seed)
        asker = Asker(rng)
        sentences = []
        for _ in range(6000):
            scene = world.sample_scene(rng, 128, 128, Knobs())
            sentences += [f"User:{asked.text}\nAssistant: {asked.answer}" for asked in asker.ask(scene)]
        for name in NAMES:
            sentences += [f" {name} {with_article(name)}. {plural(name)}?"] * 30
        train_tokenizer(sentences, VOCABULARY).save(str(path))
    return load_tokenizer(path)


def work(
    rank: int,
    plan: Plan,
    trained: Trained,
    slots: list[Slot],
    gradients: Tensor,
    barrier: Barrier,
    clock: "Synchronized[float]",
    step: int,
) -> None:
    """One worker's life: batches, gradients, its share of the update; worker 0 also keeps the clock, log and file."""
    torch.set_num_threads(1)
    maker = Maker(
        plan.world(),
        load_tokenizer(plan.out / "tokenizer.json"),
        plan.seed + 1000 * (rank + 1) + step,
        plan.shape.tokens_per_tile,
        plan.shape.tile,
    )
    for slot in slots:
        slot.parameter.grad = slot.part_of(gradients[rank])
    mine = share_out(slots, WORKERS)[rank]
    forward, log = Forward(trained.model, plan.shape), Log(plan.out / "log.jsonl")
    encoder_seconds, total = 60 * plan.encoder_minutes, 60 * (plan.encoder_minutes + plan.whole_minutes)
    moment = saved = time.monotonic()
    while (elapsed := clock.value) < total:
        step += 1
        alone = elapsed < encoder_seconds
        if alone:
            progress = elapsed / encoder_seconds
            loss = learn_to_see(maker, forward, trained.heads, plan.encoder_pictures, progress, log)
        else:
            progress = (elapsed - encoder_seconds) / (60 * plan.whole_minutes)
            loss = learn_to_answer(maker, forward, trained.heads, pick_form(step, progress), progress, log)
        loss.backward()
        barrier.wait()
        factor = rate_factor(0.0 if alone else progress, step)
        for slot in mine:
            if alone and "text_model" in slot.name:
                continue
            mean = torch.stack([slot.part_of(flat) for flat in gradients]).mean(dim=0)
            slot.update(mean, plan.rates, factor, step)
        if rank == 0:
            now = time.monotonic()
            clock.value, moment = elapsed + now - moment, now
            log.count(alone, progress, factor)
            if step % plan.log_steps == 0:
                log.write(step, clock.value)
            if now - saved > plan.save_seconds or clock.value >= total:
                save_checkpoint(plan.out / "checkpoint.pt", trained, slots, step, clock.value)
                saved = now
        barrier.wait()
        gradients[rank].zero_()


def learn_to_see(
    maker: Maker, forward: Forward, heads: CellHeads, pictures: int, progress: float, log: "Log"
) -> Tensor:
    """Loss of naming what every patch shows; letters begin large."""
    knobs = Knobs(letter=0.2 - 0.1 * min(1, progress * 1.5), longest=5 if progress < 0.3 else 8, text=0.65)
    pixels, things, letters = maker.cells(ONE, knobs, pictures)
    with torch.autocast("cpu", torch.bfloat16):
        patches = forward.encode(normalise(pixels))
        log.see(heads, patches.detach(), things, letters)
        return log.loss(heads(patches, things, letters), pictures)


def learn_to_answer(
    maker: Maker, forward: Forward, heads: CellHeads, form: Form, progress: float, log: "Log"
) -> Tensor:
    """Loss of the answers' tokens, with a share of the cells' loss."""
    knobs = Knobs(letter=0.14 - 0.03 * progress, text=0.6)
    batch = maker.batch(form, knobs, TASKS.index)
    with torch.autocast("cpu", torch.bfloat16):
        patches = forward.encode(normalise(batch.pixels))
        hidden = forward.decode(
            batch.ids, forward.connect(patches), batch.places, batch.positions, attention_mask(batch.segments)
        )
        logits = forward.model.lm_head(hidden.flatten(0, 1)[batch.asked]).float()
        answers = functional.cross_entropy(logits, batch.targets)
        log.answer(form, logits.detach(), batch)
        seen = heads(patches, batch.things, batch.letters)
        return log.loss(answers, form.pictures) + max(0.5, 1 - progress) * seen


def normalise(pixels: Tensor) -> Tensor:
    return (pixels.float() / 127.5 - 1).to(torch.bfloat16)


def pick_form(step: int, progress: float) -> Form:
    """Whole pictures first; two fifths of the steps hold split ones once the first half is nearly over."""
    if progress < 0.45:
        return ONE
    return {0: FOUR, 2: TWO}.get(step % 5, ONE)


def rate_factor(progress: float, step: int) -> float:
    """Rises over the first 100 steps, stays while the encoder learns alone, then falls to zero, at first faster."""
    return min(1.0, step / 100) * max(0.0, 1 - progress) ** 1.5


def save_checkpoint(path: Path, trained: Trained, slots: list[Slot], step: int, elapsed: float) -> None:
    state = {"trained": trained.state_dict(), "slots": {slot.name: slot.state() for slot in slots}}
    torch.save(state | {"step": step, "elapsed": elapsed}, path.with_suffix(".tmp"))
    os.replace(path.with_suffix(".tmp"), path)


def load_checkpoint(path: Path, trained: Trained, slots: list[Slot]) -> tuple[int, float]:
    """Restores weights and optimizer in place; returns steps and seconds so far, zeros for a fresh run."""
    if not path.exists():
        return 0, 0.0
    state = torch.load(path, weights_only=True)
    trained.load_state_dict(state["trained"])
    for slot in slots:
        slot.load_state(state["slots"][slot.name])
    return state["step"], state["elapsed"]


class Log:
    """Means since the last line: losses, pictures a second, and what was right, task by task."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.start = time.monotonic()
        self.reset()

    def reset(self) -> None:
        self.losses: list[float] = []
        self.pictures = 0
        self.right: dict[str, list[int]] = {}
        self.state: dict[str, float | str] = {}

    def count(self, alone: bool, progress: float, factor: float) -> None:
        self.state = {
            "stage": "encoder" if alone else "whole",
            "progress": round(progress, 4),
            "rate": round(factor, 4),
        }

    def loss(self, loss: Tensor, pictures: int) -> Tensor:
        self.losses.append(float(loss.detach()))
        self.pictures += pictures
        return loss

    def add(self, task: str, right: int, of: int) -> None:
        counts = self.right.setdefault(task, [0, 0])
        counts[0] += right
        counts[1] += of

    def see(self, heads: CellHeads, patches: Tensor, things: Tensor, letters: Tensor) -> None:
        """Every tenth step: patches named rightly among those that hold something."""
        if len(self.losses) % 10:
            return
        for name, head, labels, empty in (
            ("thing patches", heads.things, things, NOT_THING),
            ("letter patches", heads.letters, letters, NOT_LETTER),
        ):
            chosen = (labels >= 0) & (labels != empty)
            guesses = head(patches[chosen].float()).argmax(dim=-1)
            self.add(name, int((guesses == labels[chosen]).sum()), int(chosen.sum()))

    def answer(self, form: Form, logits: Tensor, batch: Batch) -> None:
        """Answers that are right in every token: just those that greedy decoding would give."""
        wrong = torch.zeros(int(batch.owners.max()) + 1, dtype=torch.bool)
        wrong[batch.owners[logits.argmax(dim=-1) != batch.targets]] = True
        task_of = torch.zeros_like(wrong, dtype=torch.long)
        task_of[batch.owners] = batch.tasks
        for owner in range(1, len(wrong)):
            task = TASKS[int(task_of[owner])]
            self.add(task if form is ONE else f"{task}/{form.name}", int(not wrong[owner]), 1)

    def write(self, step: int, elapsed: float) -> None:
        now = time.monotonic()
        line = {
            "step": step,
            "minutes": round(elapsed / 60, 2),
            **self.state,
            "loss": round(sum(self.losses) / max(1, len(self.losses)), 4),
            "pictures_per_second": round(WORKERS * self.pictures / (now - self.start), 1),
            "right": {task: [round(right / max(1, of), 3), of] for task, (right, of) in sorted(self.right.items())},
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.start = now
        self.reset()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
