"""Ends processes at random moments of the engine's work, and counts the ends that were clean.

`python -m tools.clean_exits 50` prints how many of 50 had exit code 0 and a silent stderr. A moment is a stage (the
import of MLX, loading, looking, prefill, decode) and up to a twentieth of a second into it; a way to end is closing the
engine, returning from the main thread without a word, or SystemExit.
"""

import random
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mlx_model.engine import MLXEngine
from mlx_model.prompting.prompt import Message, Picture, Text
from mlx_model.protocol import Ask, JobEvent
from mlx_model.request import Request
from tests.checkpoints import write_checkpoint

ROOT = Path(__file__).parents[1]
STAGES = ("submitted", "LoadStarted", "Loaded", "TilesEncoded", "Prefilled", "TextDelta")
WAYS = ("close", "return", "SystemExit")
LONGEST_DELAY = 0.05


@dataclass(frozen=True)
class End:
    """How a process ended, and where: `delay` is the seconds into the stage."""

    stage: str
    way: str
    delay: float
    code: int
    stderr: str

    @property
    def is_clean(self) -> bool:
        return self.code == 0 and not self.stderr


def end_at_random(folder: Path, count: int, seed: int = 0) -> list[End]:
    """End `count` processes that work with a checkpoint, each stage and each way in turn."""
    draw = random.Random(seed)
    ends = []
    for number in range(count):
        stage, way = STAGES[number % len(STAGES)], WAYS[(number // len(STAGES) + number) % len(WAYS)]
        delay = draw.uniform(0, LONGEST_DELAY)
        command = (sys.executable, "-m", "tools.clean_exits", str(folder), stage, way, str(delay))
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        ends.append(End(stage, way, delay, ended.returncode, ended.stderr))
    return ends


def work_and_end(folder: Path, stage: str, way: str, delay: float) -> None:
    """The life of such a process: ask for more than there is time for, and leave in the middle."""
    engine, reached = MLXEngine(), threading.Event()

    def hear(event: JobEvent) -> None:
        if stage == type(event.event).__name__:
            reached.set()

    engine.submit(Ask(folder, _long_request()), hear)
    assert stage == "submitted" or reached.wait(60), f"{stage} never came"
    time.sleep(delay)
    if way == "close":
        engine.close()
    elif way == "SystemExit":
        raise SystemExit


def _long_request() -> Request:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 256, 256, 3), dtype=np.uint8)
    pictures = tuple(Picture(Image.fromarray(picture)) for picture in pixels)
    message = Message("user", (*pictures, Text("What is it?")))
    return Request((message,), detail="high", max_tokens=4000, repetition_guard=False)


def main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        folder, stage, way, delay = arguments
        work_and_end(Path(folder), stage, way, float(delay))
        return
    count = int(arguments[0]) if arguments else 50
    with tempfile.TemporaryDirectory() as temporary:
        ends = end_at_random(write_checkpoint(Path(temporary), "256m"), count)
    for end in ends:
        if not end.is_clean:
            print(end)
    print(f"{sum(end.is_clean for end in ends)} of {count} ends were clean.")


if __name__ == "__main__":
    main(sys.argv[1:])
