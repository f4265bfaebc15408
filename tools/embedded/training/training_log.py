"""What a run writes down: a line of JSON every so many steps, with losses, speed, and what was right, task by task."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from tools.embedded.training.batches import Batch
from tools.embedded.training.heads import CellHeads
from tools.embedded.world.labels import IGNORE, NOT_LETTER, NOT_THING
from tools.embedded.world.questions import WORDINGS

TASKS = (
    *WORDINGS,
    *("decline", "cannot_tell", "relation", "neighbour", "else"),
    *("page", "line", "crowd"),
    *("screen_title", "buttons", "bar", "low_bar", "field", "total", "price", "shop", "items"),
    *("same", "changed", "first", "second", "happens", "clip", "at_end", "does"),
)


class Log:
    """Means since the last line."""

    def __init__(self, path: Path, workers: int) -> None:
        self.path, self.workers = path, workers
        self.reset()

    def reset(self) -> None:
        self.start, self.start_used = time.monotonic(), time.process_time()
        self.losses: dict[str, list[float]] = {}
        self.pictures = 0
        self.right: dict[str, list[int]] = {}

    def loss(self, name: str, loss: Tensor, pictures: int) -> Tensor:
        self.losses.setdefault(name, []).append(float(loss.detach()))
        self.pictures += pictures
        return loss

    def add(self, task: str, right: int, of: int) -> None:
        counts = self.right.setdefault(task, [0, 0])
        counts[0] += right
        counts[1] += of

    def see(self, heads: CellHeads, features: Tensor, labels: Sequence[Tensor], where: str) -> None:
        """Patches, and halves of them, named rightly among those that hold something."""
        things, letters, backgrounds = labels
        for name, head, right, empty in (
            ("things", heads.named, things[..., 0], NOT_THING),
            ("numbers", heads.counted, things[..., 1], IGNORE),
            ("sizes", heads.sized, things[..., 2], IGNORE),
            ("letters", heads.spelled, letters[..., 0], NOT_LETTER),
            ("places", heads.placed, letters[..., 1], IGNORE),
            ("backgrounds", heads.behind, backgrounds, IGNORE),
        ):
            with torch.no_grad():
                guesses = head(features.float()).argmax(dim=-1)
            chosen = (right >= 0) & (right != empty)
            self.add(f"{name} on {where}", int((guesses == right)[chosen].sum()), int(chosen.sum()))

    def answer(self, suffix: str, logits: Tensor, batch: Batch) -> None:
        """Answers that are right in every token: just those that greedy decoding would give."""
        wrong = torch.zeros(int(batch.owners.max()) + 1, dtype=torch.bool)
        wrong[batch.owners[logits.argmax(dim=-1) != batch.targets]] = True
        task_of = torch.zeros_like(wrong, dtype=torch.long)
        task_of[batch.owners] = batch.tasks
        for owner in range(1, len(wrong)):
            self.add(TASKS[int(task_of[owner])] + suffix, int(not wrong[owner]), 1)

    def write(self, step: int, state: dict[str, float | str]) -> None:
        seconds, used = time.monotonic() - self.start, time.process_time() - self.start_used
        line = {
            "step": step,
            **state,
            "loss": {name: round(sum(values) / len(values), 4) for name, values in self.losses.items()},
            "pictures_per_second": round(self.workers * self.pictures / seconds, 1),
            "core_share": round(used / seconds, 3),
            "right": {task: [round(right / max(1, of), 3), of] for task, (right, of) in sorted(self.right.items())},
        }
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.reset()
