"""Trains the embedded checkpoint, stage by stage, in two processes of one thread each.

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
from torch import Tensor, multiprocessing

from tools.embedded.training.arithmetic import faster_dtype
from tools.embedded.training.batches import Maker
from tools.embedded.training.heads import Trained, network_of
from tools.embedded.training.lessons import Lesson
from tools.embedded.training.model import Forward, Shape
from tools.embedded.training.muon import Rates, Slot, cap_scores, make_slots, share_out
from tools.embedded.training.schedule import FRESH, WARM, Budget, Deadline, Ramp, seconds_until
from tools.embedded.training.stages import RECIPES, Form, Stage, stage_at
from tools.embedded.training.tokenizer import load_tokenizer, token_ids, train_tokenizer
from tools.embedded.training.training_log import Log
from tools.embedded.training.warm_start import copy_tokenizer, fit_heads, fit_helpers, weights_of
from tools.embedded.world.exhibits import sample_exhibit
from tools.embedded.world.scenes import Knobs, World
from tools.embedded.world.snapshots import Snapshots
from tools.embedded.world.sprites import NAMES, TAUGHT, Sprites, plural, with_article
from tools.embedded.world.words import find_fonts

WORKERS = 2
VOCABULARY = 1216
HEAD_PICTURES = 1200  # encoded once, to fit the heads of a warm start
HELPER_BATCHES = 120  # that its other helpers are fitted to
ENCODER, DECODER = "vision_model", "text_model"  # as their parameters' names have them
GENTLE = 0.3  # of the rates, for a trained encoder beside a decoder that learns to read what it tells


@dataclass(frozen=True)
class Plan:
    """What a run is given. `asked` scales the exhibits of a batch, `beside` the encoder's rates beside the decoder.

    Alone the encoder comes down to these, so that it holds still by the time it is read.
    """

    art: Path
    fonts: tuple[Path, ...]
    out: Path
    time: Budget | Deadline
    recipe: tuple[Stage, ...]
    ramp: Ramp
    seed: int
    rates: Rates
    asked: float = 1.0
    beside: float = 1.0
    photographs: Path | None = None
    shape: Shape = Shape()
    save_seconds: float = 120
    log_steps: int = 10

    def world(self) -> World:
        snapshots = Snapshots(self.photographs) if self.photographs else None
        return World(Sprites(self.art, TAUGHT), find_fonts(list(self.fonts)), TAUGHT, snapshots)

    def lesson(self, trained: Trained, seed: int) -> Lesson:
        """A worker's batches and losses; `seed` begins its random stream."""
        tokenizer = load_tokenizer(self.out / "tokenizer.json")
        maker = Maker(self.world(), tokenizer, seed, self.shape.tokens_per_tile, self.shape.tile)
        log = Log(self.out / "log.jsonl", WORKERS)
        return Lesson(maker, Forward(trained.model, self.shape), trained, self.rates.dtype, log)


@dataclass(frozen=True)
class Shared:
    """What both workers see: weights, gradients, and where the run is."""

    trained: Trained
    slots: list[Slot]
    gradients: Tensor
    barrier: Barrier
    used: "Synchronized[float]"  # worker 0's processor seconds, earlier runs included
    progress: "Synchronized[float]"
    step: int
    began: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--art", type=Path, required=True, help=f"folder with the packages {', '.join(TAUGHT)}")
    parser.add_argument("--fonts", type=Path, action="append", required=True, help="folder of .ttf fonts; repeatable")
    parser.add_argument("--photographs", type=Path, help="folder from negatives.py, of what is to be declined")
    parser.add_argument("--out", type=Path, required=True, help="folder for tokenizer, checkpoint and log")
    parser.add_argument("--from", type=Path, dest="start", help="begin with a folder that ships or an earlier run's")
    parser.add_argument("--recipe", choices=RECIPES, help="default: onward with --from, else from-nothing")
    parser.add_argument("--minutes", type=float, default=110, help="processor time of each of the two workers")
    parser.add_argument("--until", help="end at this hour in UTC instead, as 20:05")
    parser.add_argument("--seed", type=int, default=20, help="another than the run before, for scenes of its own")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    warm = given.start is not None
    plan = Plan(
        given.art,
        tuple(given.fonts),
        given.out,
        time=Budget(60 * given.minutes),
        recipe=RECIPES[given.recipe or ("onward" if warm else "from-nothing")],
        ramp=WARM if warm else FRESH,
        seed=given.seed,
        rates=Rates(dtype=faster_dtype()),
        asked=0.8 if warm else 1.0,
        beside=GENTLE if warm else 1.0,
        photographs=given.photographs,
    )
    run(plan, given.start, given.until)


def run(plan: Plan, start: Path | None, until: str | None) -> None:
    """Prepares what both workers share and waits for them."""
    torch.set_num_threads(1)  # a second thread on a busy machine is waited for at every product
    if start is not None and not (plan.out / "tokenizer.json").exists():
        copy_tokenizer(start, plan.out)
    trained = Trained(plan.shape, token_ids(ready_tokenizer(plan)), plan.seed).share_memory()
    slots = make_slots(trained)
    checkpoint = plan.out / "checkpoint.pt"
    if start is not None and not checkpoint.exists():
        begin_with(start, trained, plan)
    step, used, began = load_checkpoint(checkpoint, trained, slots)
    if until is not None:
        now = time.time()
        plan = replace(plan, time=Deadline(began, now + seconds_until(until, now, now - now % 86400)))
    context = multiprocessing.get_context("fork")
    shared = Shared(
        trained,
        slots,
        torch.zeros(WORKERS, slots[-1].end).share_memory_(),
        context.Barrier(WORKERS),
        context.Value("d", used),
        context.Value("d", plan.time.progress(used, time.time())),
        step,
        began,
    )
    workers = [context.Process(target=work, args=(rank, plan, shared)) for rank in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def begin_with(start: Path, trained: Trained, plan: Plan) -> None:
    """Takes what an earlier run learned, helpers too, or the model of a folder that ships.

    Where any helper is missing, all are fitted to it. RuntimeError names what of the model is missing or does not fit.
    """
    earlier, known = weights_of(start), trained.state_dict()
    trained.model.load_state_dict(network_of(earlier))
    same = {name: value for name, value in earlier.items() if name in known and value.shape == known[name].shape}
    trained.load_state_dict(same, strict=False)  # a helper that is new or has another shape now begins anew
    if len(same) == len(known):
        return
    lesson = plan.lesson(trained, plan.seed)
    features, *labels = lesson.encoded(HEAD_PICTURES)
    loss = fit_heads(trained.heads, features, labels, plan.seed)
    print(f"heads fitted to the encoder that was given: loss {loss:.3f}", flush=True)
    loss = fit_helpers(lesson, [smaller(plan.recipe[-1].pick(batch), plan.asked) for batch in range(HELPER_BATCHES)])
    print(f"helpers fitted to the decoder: loss {loss:.3f}", flush=True)


def ready_tokenizer(plan: Plan) -> Tokenizer:
    """The run's tokenizer, trained on sentences of the whole world when it isn't there yet."""
    path = plan.out / "tokenizer.json"
    if not path.exists():
        world, rng = plan.world(), np.random.default_rng(plan.seed)
        sentences = []
        for kind, count in (
            ("scene", 2800),
            ("talk", 800),
            ("screen", 800),
            ("receipt", 300),
            ("pair", 800),
            ("clip", 500),
        ):
            for _ in range(count):
                exhibit = sample_exhibit(kind, world, rng, (128, 128), Knobs(), frames=2)
                asked = [question for turns in exhibit.conversations for question in turns]
                sentences += [f"User:{question.text}\nAssistant: {question.answer}" for question in asked]
        for name in NAMES:
            sentences += [f" {name} {with_article(name)}. {plural(name)}?"] * 30
        train_tokenizer(sentences, VOCABULARY).save(str(path))
    return load_tokenizer(path)


def work(rank: int, plan: Plan, shared: Shared) -> None:
    """One worker's life: batches, gradients, its share of the update; worker 0 also keeps the clock, log and file."""
    lesson = plan.lesson(shared.trained, plan.seed + 1000 * (rank + 1) + shared.step)
    for slot in shared.slots:
        slot.parameter.grad = slot.part_of(shared.gradients[rank])
    mine = share_out(shared.slots, WORKERS)[rank]
    rest = 0.0 if plan.recipe[0].forms else plan.recipe[0].end  # the rates stay while the encoder learns alone
    step, before, saved = shared.step, shared.used.value - time.process_time(), time.monotonic()
    while (progress := shared.progress.value) < 1:
        step += 1
        stage, part = stage_at(plan.recipe, progress)
        alone = not stage.forms
        gentle = plan.beside ** (progress / rest if alone else 1.0)
        loss = lesson.see(part) if alone else lesson.answer(smaller(stage.pick(step), plan.asked), progress)
        loss.backward()
        shared.barrier.wait()
        factor = plan.ramp.factor(max(0.0, (progress - rest) / (1 - rest)), step)
        for slot in mine:
            if alone and DECODER in slot.name:
                continue
            mean = torch.stack([slot.part_of(flat) for flat in shared.gradients]).mean(dim=0)
            slot.update(mean, plan.rates, factor * (gentle if ENCODER in slot.name else 1.0), step)
            if slot.name in lesson.peaks:
                cap_scores(slot.parameter.data, lesson.peaks[slot.name])
        if rank == 0:
            shared.used.value = before + time.process_time()
            shared.progress.value = plan.time.progress(shared.used.value, time.time())
            if step % plan.log_steps == 0:
                minutes = {"minutes": shared.used.value / 60, "wall": (time.time() - shared.began) / 60}
                state = {
                    name: round(value, 4) for name, value in {**minutes, "progress": progress, "rate": factor}.items()
                }
                lesson.log.write(step, {"stage": stage.name, **state})
            if time.monotonic() - saved > plan.save_seconds or shared.progress.value >= 1:
                save_checkpoint(plan.out / "checkpoint.pt", shared, step)
                saved = time.monotonic()
        shared.barrier.wait()
        shared.gradients[rank].zero_()


def smaller(form: Form, factor: float) -> Form:
    return replace(form, exhibits=max(1, round(form.exhibits * factor)))


def save_checkpoint(path: Path, shared: Shared, step: int) -> None:
    state = {"trained": shared.trained.state_dict(), "slots": {slot.name: slot.state() for slot in shared.slots}}
    torch.save(state | {"step": step, "used": shared.used.value, "began": shared.began}, path.with_suffix(".tmp"))
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
