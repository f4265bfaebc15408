"""Smolsight beside mlx-vlm: one checkpoint folder, one picture, float32 and the same BLAS, each run in its own process.

    make bench

The checkpoint has seeded random weights at the real 256M shape, the picture is 640 x 480 noise, so that no two of its
13 tiles at `high` are alike. Times differ from machine to machine and hour to hour; the ratios of runs that took
turns are what to quote. Needs the extra `peer`, and some 4 GB of memory.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.checkpoints import write_checkpoint

SIDES = {
    "Smolsight, high": ["tools.bench.smolsight_run", "high"],
    "mlx-vlm 0.7.10": ["tools.bench.mlx_vlm_run"],
    "Smolsight, auto": ["tools.bench.smolsight_run", "auto"],
}
FIGURES = {"first_token": "first token, s", "tokens_per_second": "decode, tok/s", "peak_rss": "peak memory, GB"}


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="smolsight-bench-") as scratch:
        folder = write_checkpoint(Path(scratch) / "256m", "256m", real_size=True, tokenizer=options.tokenizer)
        picture = Path(scratch) / "noise.png"
        noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
        Image.fromarray(noise).save(picture)
        runs: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for number in range(options.runs):
            for side, command in SIDES.items():
                print(f"run {number + 1} of {options.runs}: {side}", file=sys.stderr)
                runs[side].append(_run([*command, str(folder), str(picture), str(options.tokens)]))
    print(_table(runs))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--runs", type=int, default=3, help="how often each side runs, in turn (default 3)")
    parser.add_argument("--tokens", type=int, default=32, help="tokens to generate (default 32)")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json to use instead of a small byte-level one")
    return parser.parse_args()


def _run(command: list[str]) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _table(runs: dict[str, list[dict[str, float]]]) -> str:
    peer = next(side for side in runs if side.startswith("mlx-vlm"))
    lines = [
        "| | prompt tokens | " + " | ".join(f"{label} | ratio" for label in FIGURES.values()) + " |",
        "|---" * (2 + 2 * len(FIGURES)) + "|",
    ]
    for side, results in runs.items():
        cells = [f"{results[0]['prompt_tokens']:.0f}"]
        for figure in FIGURES:
            pairs = zip(results, runs[peer], strict=True)
            ratio = statistics.median(ours[figure] / theirs[figure] for ours, theirs in pairs)
            cells += [f"{statistics.median(r[figure] for r in results):.2f}", f"{ratio:.2f}"]
        lines.append(f"| {side} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
