"""Smolsight beside mlx-vlm: one checkpoint folder, one picture, float32 and the same BLAS, each run in its own process.

    make bench
    python -m tools.bench --write docs/performance.md

Makes a folder with seeded random weights at the real 256M shape and has `smolsight bench --against mlx-vlm` measure it.
Times differ from machine to machine and hour to hour; the ratios of runs that took turns are what to quote. Needs the
extra `peer`, and some 4 GB of memory.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.checkpoints import write_checkpoint

DETAILS = ("high", "auto")
MEASURED = re.compile(r"(<!-- written by `make bench` -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="smolsight-bench-") as scratch:
        folder = write_checkpoint(Path(scratch) / "256m", "256m", real_size=True, tokenizer=options.tokenizer)
        found = _bench(folder, options.runs, options.tokens)
    print(found, end="")
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        measured = f"{_setting(options)}\n\n{found}"
        options.write.write_text(with_measured(page, measured), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.bench", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--runs", type=int, default=3, help="how often each side runs, in turn (default 3)")
    parser.add_argument("--tokens", type=int, default=32, help="tokens to generate (default 32)")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json to use instead of a small byte-level one")
    parser.add_argument("--write", type=Path, help="a page whose measured tables to replace")
    return parser.parse_args()


def _bench(folder: Path, runs: int, tokens: int) -> str:
    """What the command prints."""
    details = [word for detail in DETAILS for word in ("--detail", detail)]
    sizes = ["--runs", str(runs), "--tokens", str(tokens)]
    command = [sys.executable, "-m", "app.cli.main", "bench", "--model", str(folder), "--against", "mlx-vlm"]
    done = subprocess.run([*command, *details, *sizes], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def with_measured(page: str, measured: str) -> str:
    """The page with these tables in the place of its old ones."""
    return MEASURED.sub(lambda place: f"{place[1]}{measured}{place[2]}", page)


def _setting(options: argparse.Namespace) -> str:
    """Under what the tables came about."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    tokenizer = "a tokenizer given by hand" if options.tokenizer else "a small byte-level tokenizer"
    return f"{machine}; {tokenizer}; {options.tokens} tokens, medians of {options.runs} runs of each side, in turn."


if __name__ == "__main__":
    main()
