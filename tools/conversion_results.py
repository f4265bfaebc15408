"""Makes the folders that `tools.conversion_quality` compares: ours, and what the peers make of the same checkpoint.

    python -m tools.conversion_results assets/embedded SCRATCH              # pictures: 4 bits, mlx-vlm (extra `peer`)
    python -m tools.conversion_results SmolLM2.Q4_1.gguf SCRATCH --bits 3   # words: mlx-lm

SCRATCH gets `source` (the hub's form, unpacked), `ours` (the recipe's default), `uniform` (the same without more bits
for some layers) and `theirs` (the peer's plain conversion in groups of 64). What is there already stays.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from convert.conversion import convert
from convert.recipe import Recipe
from mlx_model.config import read_model_config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--bits", type=int, default=4)
    given = parser.parse_args()
    source = given.scratch / "source"
    if not source.exists():
        convert(given.checkpoint, source, target="hub", check=False)
    sees = read_model_config(source).vision is not None
    recipes = {"ours": Recipe(given.bits, mix="mixed")} | ({"uniform": Recipe(given.bits)} if sees else {})
    for name, recipe in recipes.items():
        if not (given.scratch / name).exists():
            convert(source, given.scratch / name, recipe, greedy=False)
    if not (given.scratch / "theirs").exists():
        plain(source, given.scratch / "theirs", given.bits, "mlx_vlm" if sees else "mlx_lm")


def plain(source: Path, out: Path, bits: int, package: str) -> None:
    """A peer's own conversion, in a process of its own."""
    folders = ["--hf-path", str(source), "--mlx-path", str(out)]
    packing = ["-q", "--q-bits", str(bits), "--q-group-size", "64"]
    subprocess.run([sys.executable, "-m", package, "convert", *folders, *packing], check=True)


if __name__ == "__main__":
    main()
