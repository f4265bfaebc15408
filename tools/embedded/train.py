"""Trains the embedded checkpoint: first the encoder alone, then the whole, in two processes of one thread each.

Both workers read the same weights in shared memory, compute gradients of their own pictures, and each updates half of
the parameters from the mean of both: two barriers a step and nothing is copied. The schedule counts processor time, or
ends at a given hour, so a busy machine changes how much is learned, not how the rates fall. Restartable from the
checkpoint that it writes; `--from` begins with the weights of a folder that ships, so every run builds on the last.
"""

import argparse
import os
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, multiprocessing, nn
from torch.nn import functional

from tools.embedded.arithmetic import computing_in, faster_dtype
from tools.embedded.batches import FOUR, ONE, TWO, Form, Maker
from tools.embedded.model import CellHeads, Forward, Shape, attention_mask, build_config, build_model
from tools.embedded.muon import Rates, Slot, make_slots, share_out
from tools.embedded.questions import Asker
from tools.embedded.scenes import NOT_LETTER, NOT_THING, Knobs, World
from tools.embedded.schedule import FRESH, WARM, Budget, Deadline, Ramp, seconds_until
from tools.embedded.sprites import NAMES, Sprites, plural, with_article
from tools.embedded.tokenizer import load_tokenizer, token_ids, train_tokenizer
from tools.embedded.training_log import TASKS, Log
from tools.embedded.warm_start import copy_tokenizer, fit_heads, load_weights
from tools.embedded.words import find_fonts

WORKERS = 2
VOCABULARY = 1216
HEAD_PICTURES = 1200  # encoded once, to fit the heads of a warm start


@dataclass(frozen=True)
class Plan:
    """What a run is given: folders, time, the seed. `encoder_share` of it goes to the encoder alone."""

    art: Path
    fonts: tuple[Path, ...]
    out: Path
    time: Budget | Deadline
    encoder_share: float
    ramp: Ramp
    seed: int
    dtype: torch.dtype
    rates: Rates
    shape: Shape = Shape()
    encoder_pictures: int = 48  # a worker and step, while the encoder learns alone
    pages: int = 12  # pictures that are all labels, beside those that are asked about
    asked: float = 1.0  # factor on the pictures of a batch that are asked about
    save_seconds: float = 120
    log_steps: int = 10

    def world(self) -> World:
        return World(Sprites(self.art), find_fonts(list(self.fonts)))

    def maker(self, seed: int) -> Maker:
        tokenizer = load_tokenizer(self.out / "tokenizer.json")
        return Maker(self.world(), tokenizer, seed, self.shape.tokens_per_tile, self.shape.tile)


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
    parser.add_argument("--from", type=Path, dest="start", help="begin with this folder's weights and tokenizer")
    parser.add_argument("--minutes", type=float, default=110, help="processor time of each of the two workers")
    parser.add_argument("--until", help="end at this hour in UTC instead, as 20:05")
    parser.add_argument("--encoder-share", type=float, help="of the time; default 0.22, with --from nothing")
    parser.add_argument("--seed", type=int, default=20)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    dtype = faster_dtype()
    plan = Plan(
        given.art,
        tuple(given.fonts),
        given.out,
        time=Budget(60 * given.minutes),
        encoder_share=given.encoder_share if given.encoder_share is not None else (0.0 if given.start else 0.22),
        ramp=WARM if given.start else FRESH,
        seed=given.seed,
        dtype=dtype,
        rates=Rates(dtype=dtype),
        pages=20 if given.start else 12,
        asked=0.6 if given.start else 1.0,
    )
    run(plan, given.start, given.until)


def run(plan: Plan, start: Path | None, until: str | None) -> None:
    """Prepares what both workers share and waits for them."""
    if start is not None and not (plan.out / "tokenizer.json").exists():
        copy_tokenizer(start, plan.out)
    tokenizer = ready_tokenizer(plan)
    trained = Trained(plan.shape, token_ids(tokenizer), plan.seed).share_memory()
    slots = make_slots(trained)
    checkpoint = plan.out / "checkpoint.pt"
    if start is not None and not checkpoint.exists():
        load_weights(start, trained.model)
        print(f"heads fitted: loss {ready_heads(plan, trained):.3f}", flush=True)
    step, used, began = load_checkpoint(checkpoint, trained, slots)
    if until is not None:
        now = time.time()
        plan = replace(plan, time=Deadline(began, now + seconds_until(until, now, now - now % 86400)))
    gradients = torch.zeros(WORKERS, slots[-1].end).share_memory_()
    context = multiprocessing.get_context("fork")
    barrier, clock = context.Barrier(WORKERS), context.Value("d", used)
    progress = context.Value("d", plan.time.progress(used, time.time()))
    workers = [
        context.Process(
            target=work, args=(rank, plan, trained, slots, gradients, barrier, clock, progress, step, began)
        )
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


def ready_heads(plan: Plan, trained: Trained) -> float:
    """Fits the heads to the encoder as it is; returns their loss."""
    torch.set_num_threads(WORKERS)
    maker, forward = plan.maker(plan.seed), Forward(trained.model, plan.shape)
    parts = []
    for _ in range(HEAD_PICTURES // plan.encoder_pictures):
        half = plan.encoder_pictures // 2
        for pixels, things, letters in (maker.pages(half), maker.cells(ONE, Knobs(), half)):
            with torch.no_grad(), computing_in(plan.dtype):
                parts.append((forward.encode(normalise(pixels, plan.dtype)).float(), things, letters))
    patches, things, letters = (torch.cat(part).flatten(0, 1) for part in zip(*parts, strict=True))
    loss = fit_heads(trained.heads, patches, things, letters, plan.seed)
    torch.set_num_threads(1)
    return loss


def work(
    rank: int,
    plan: Plan,
    trained: Trained,
    slots: list[Slot],
    gradients: Tensor,
    barrier: Barrier,
    clock: "Synchronized[float]",
    shared_progress: "Synchronized[float]",
    step: int,
    began: float,
) -> None:
    """One worker's life: batches, gradients, its share of the update; worker 0 also keeps the clock, log and file."""
    torch.set_num_threads(1)
    maker = plan.maker(plan.seed + 1000 * (rank + 1) + step)
    for slot in slots:
        slot.parameter.grad = slot.part_of(gradients[rank])
    mine = share_out(slots, WORKERS)[rank]
    forward, log = Forward(trained.model, plan.shape), Log(plan.out / "log.jsonl", WORKERS)
    before, saved = clock.value - time.process_time(), time.monotonic()
    while (progress := shared_progress.value) < 1:
        step += 1
        alone = progress < plan.encoder_share
        if alone:
            loss = learn_to_see(plan, maker, forward, trained.heads, progress / plan.encoder_share, log)
            factor = plan.ramp.factor(0.0, step)
        else:
            whole = (progress - plan.encoder_share) / (1 - plan.encoder_share)
            loss = learn_to_answer(plan, maker, forward, trained.heads, pick_form(step, whole, plan), whole, log)
            factor = plan.ramp.factor(whole, step)
        loss.backward()
        barrier.wait()
        for slot in mine:
            if alone and "text_model" in slot.name:
                continue
            mean = torch.stack([slot.part_of(flat) for flat in gradients]).mean(dim=0)
            slot.update(mean, plan.rates, factor, step)
        if rank == 0:
            clock.value = before + time.process_time()
            shared_progress.value = plan.time.progress(clock.value, time.time())
            if step % plan.log_steps == 0:
                state: dict[str, float | str] = {"stage": "encoder" if alone else "whole"}
                state |= {"minutes": round(clock.value / 60, 2), "wall": round((time.time() - began) / 60, 2)}
                log.write(step, state | {"progress": round(progress, 4), "rate": round(factor, 4)})
            if time.monotonic() - saved > plan.save_seconds or shared_progress.value >= 1:
                save_checkpoint(plan.out / "checkpoint.pt", trained, slots, step, clock.value, began)
                saved = time.monotonic()
        barrier.wait()
        gradients[rank].zero_()


def learn_to_see(plan: Plan, maker: Maker, forward: Forward, heads: CellHeads, progress: float, log: Log) -> Tensor:
    """Loss of naming what every patch shows; letters begin large."""
    knobs = Knobs(letter=0.2 - 0.1 * min(1, progress * 1.5), longest=5 if progress < 0.3 else 8, text=0.65)
    pictures = plan.encoder_pictures - plan.pages
    pixels, things, letters = join(maker.cells(ONE, knobs, pictures), maker.pages(plan.pages))
    with computing_in(plan.dtype):
        patches = forward.encode(normalise(pixels, plan.dtype))
        log.see(heads, patches[:pictures], things[:pictures], letters[:pictures], "scenes")
        return log.loss("cells", heads(patches, things, letters), plan.encoder_pictures)


def learn_to_answer(
    plan: Plan, maker: Maker, forward: Forward, heads: CellHeads, form: Form, progress: float, log: Log
) -> Tensor:
    """Loss of the answers' tokens, with a share of the cells' loss, that of pages included."""
    batch = maker.batch(form, Knobs(letter=0.14 - 0.03 * progress, text=0.6, group=0.3), TASKS.index)
    pixels, things, letters = join((batch.pixels, batch.things, batch.letters), maker.pages(plan.pages))
    tiles = len(batch.pixels)
    with computing_in(plan.dtype):
        patches = forward.encode(normalise(pixels, plan.dtype))
        hidden = forward.decode(
            batch.ids, forward.connect(patches[:tiles]), batch.places, batch.positions, attention_mask(batch.segments)
        )
        logits = forward.model.lm_head(hidden.flatten(0, 1)[batch.asked]).float()
        answers = functional.cross_entropy(logits, batch.targets)
        log.answer(f"/{form.name}", logits.detach(), batch)
        log.see(heads, patches[:tiles].detach(), things[:tiles], letters[:tiles], f"scenes/{form.name}")
        log.see(heads, patches[tiles:].detach(), things[tiles:], letters[tiles:], "pages")
        seen = log.loss("cells", heads(patches, things, letters), 0)
        return log.loss(f"answers/{form.name}", answers, form.pictures) + max(0.5, 1 - progress) * seen


Cells = tuple[Tensor, Tensor, Tensor]


def join(first: Cells, second: Cells) -> Cells:
    """Pixels and labels of two sets of tiles as one."""
    pixels, things, letters = (torch.cat(pair) for pair in zip(first, second, strict=True))
    return pixels, things, letters


def normalise(pixels: Tensor, dtype: torch.dtype) -> Tensor:
    return (pixels.float() / 127.5 - 1).to(dtype)


def pick_form(step: int, progress: float, plan: Plan) -> Form:
    """A fresh model sees whole pictures first; later a third of the steps hold split ones."""
    if plan.ramp is FRESH and progress < 0.45:
        return ONE
    form = {0: FOUR, 3: TWO}.get(step % 6, ONE)
    return replace(form, pictures=max(1, round(form.pictures * plan.asked)))


def save_checkpoint(path: Path, trained: Trained, slots: list[Slot], step: int, used: float, began: float) -> None:
    state = {"trained": trained.state_dict(), "slots": {slot.name: slot.state() for slot in slots}}
    torch.save(state | {"step": step, "used": used, "began": began}, path.with_suffix(".tmp"))
    os.replace(path.with_suffix(".tmp"), path)


def load_checkpoint(path: Path, trained: Trained, slots: list[Slot]) -> tuple[int, float, float]:
    """Restores weights and optimizer in place; returns steps and processor seconds so far, and when the run began."""
    if not path.exists():
        return 0, 0.0, time.time()
    state = torch.load(path, weights_only=True)
    trained.load_state_dict(state["trained"])
    for slot in slots:
        slot.load_state(state["slots"][slot.name])
    return state["step"], state["used"], state["began"]


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
