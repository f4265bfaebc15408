"""What `smolsight doctor` predicts for the 256M, beside what `smolsight bench` measures on the same machine, in turn.

    python -m tools.bench.predictions [--rounds 5] [--cpu-clock]

Each round measures a few layers, as doctor does, and then runs a whole folder of random weights at the real 256M
shape. Prints predicted over measured for each round and the median: within 0.7 and 1.3 is the aim. On a machine that
others use too, `--cpu-clock` counts the processor's seconds, on one BLAS thread, in place of those on the wall. Takes
2 GB of memory.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from app.bench import ours
from app.bench.measured import Job, Measured
from app.doctor import measurement
from app.doctor.measurement import Measurement
from app.doctor.prediction import UNPACKED, picture, predict
from app.doctor.report import GRID
from app.doctor.shapes import published_shapes
from app.own_process import in_own_process
from tests.checkpoints import write_checkpoint

NAME = "256m"
DETAILS: tuple[tuple[Any, tuple[int, ...]], ...] = (("low", ()), ("high", GRID))
TOKENS = 32
CPU_CLOCK = "SMOLSIGHT_CPU_CLOCK"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu-clock", action="store_true")
    options = parser.parse_args()
    if options.cpu_clock:
        os.environ |= {CPU_CLOCK: "1", "OPENBLAS_NUM_THREADS": "1"}  # for the processes that measure
    found: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="smolsight-predictions-") as scratch:
        folder = write_checkpoint(Path(scratch) / NAME, NAME, real_size=True)
        noise = Path(scratch) / "noise.png"
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)).save(noise)
        for number in range(options.rounds):
            predicted = _measure()
            for detail, grid in DETAILS:
                run = _timed(ours.measure, Job(folder, noise, detail, TOKENS))
                ratios = _ratios(predicted, run, grid)
                figures = ", ".join(f"{name} {value:.2f}" for name, value in ratios.items())
                print(f"round {number + 1}, {detail}: {figures}", flush=True)
                for name, value in ratios.items():
                    found.setdefault((detail, name), []).append(value)
    for (detail, name), values in found.items():
        print(f"median, {detail}, {name}: {median(values):.2f}")


def _measure() -> Measurement:
    """What doctor measures, for this shape alone."""
    return Measurement(
        metal=_timed(_is_on_metal, None),
        vision={NAME: _timed(measurement._vision, NAME)},
        decoder={NAME: {UNPACKED: _timed(measurement._decoder, (NAME, UNPACKED))}},
        bandwidth=_timed(measurement._bandwidth, None),
        preprocess=_timed(measurement._preprocess, None),
    )


def _timed(work: Callable[[Any], Any], given: Any) -> Any:
    return in_own_process("Measuring", _on_the_clock, (work, given))


def _on_the_clock(given: tuple[Callable[[Any], Any], Any]) -> Any:
    if os.environ.get(CPU_CLOCK):
        time.perf_counter = time.process_time
    work, argument = given
    return work(argument)


def _is_on_metal(_: None) -> bool:
    from mlx_model.device.arithmetic import ON_METAL

    return ON_METAL


def _ratios(measured: Measurement, run: Measured, grid: tuple[int, ...]) -> dict[str, float]:
    """Predicted over measured."""
    made = predict(measured, NAME, UNPACKED, picture(published_shapes()[NAME], *grid))
    assert run.tokens_per_second is not None, "more than one token was said"
    return {
        "vision": made.vision / run.seconds["vision"],
        "prefill": made.prefill / run.seconds["prefill"],
        "first token": made.first_token / run.seconds["first_token"],
        "tokens/s": made.tokens_per_second / run.tokens_per_second,
        "memory": made.memory_bytes / run.peak_memory_bytes,
    }


if __name__ == "__main__":
    main()
