"""Time and peak memory of converting a checkpoint of the real 2.2B shape to 4 bits, with its check and without, beside
mlx-vlm's conversion of the same folder, which checks nothing (extra `peer`).

    python -m tools.bench.convert [--preset 2.2b] [--tokenizer FILE] [--rounds 1] [--keep FOLDER]

Writes seeded random bfloat16 weights as two shards (4.5 GB of disk) and converts them, each time in a process of its
own. Peak memory has to stay below 1.5 of the larger of one shard and the result, time below 1.5 of mlx-vlm's. The
tokenizer of the published models (`--tokenizer`) gives the check as many tokens as it has there; the tests' gives more.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from tests.checkpoints import model_config, stream_tensors, tensor_shapes, write_configs
from tests.safetensors_files import stream_to_shards

ROOT = Path(__file__).parents[2]
OURS = """
import sys
from pathlib import Path
from convert.conversion import convert
convert(Path(sys.argv[1]), Path(sys.argv[2]), check=sys.argv[3] == "check")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="2.2b", help="256m, 500m, 2.2b or 2.2b-v1")
    parser.add_argument("--tokenizer", type=Path, help="a tokenizer.json")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="write the source and the output here, and leave them there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        source = folder / "source"
        if not (source / "config.json").exists():
            # In a process of its own: Linux counts the memory of the one that starts another to the started one.
            arguments = (source, given.preset, given.tokenizer)
            writer = multiprocessing.get_context("spawn").Process(target=write_source, args=arguments)
            writer.start()
            writer.join()
        for _ in range(given.rounds):
            for name, command in commands(source, folder).items():
                print(name, json.dumps(measure(command, source, folder / name)), flush=True)


def commands(source: Path, folder: Path) -> dict[str, list[str]]:
    """What is run, by the name of the folder that it makes."""
    ours = ["-c", OURS, str(source)]
    result = {
        "with its check": [*ours, str(folder / "with its check"), "check"],
        "without": [*ours, str(folder / "without"), "no"],
    }
    if find_spec("mlx_vlm") is not None:
        theirs = ["--hf-path", str(source), "--mlx-path", str(folder / "mlx-vlm")]
        packing = ["-q", "--q-bits", "4", "--q-group-size", "64"]
        result["mlx-vlm"] = ["-m", "mlx_vlm", "convert", *theirs, *packing]
    return result


def write_source(folder: Path, preset: str, tokenizer: Path | None = None) -> None:
    config = model_config(preset, real_size=True)
    write_configs(folder, preset, config, tokenizer=tokenizer)
    stream_to_shards(folder, tensor_shapes(config), stream_tensors(config), 2, "bfloat16")


def measure(command: list[str], source: Path, out: Path) -> dict[str, float]:
    """Sizes in GB (10^9 bytes), seconds on the wall and of the processors, and memory's ratio to what it is held to."""
    shutil.rmtree(out, ignore_errors=True)
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit("the conversion failed")
    # Kilobytes on Linux, bytes on macOS.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    shard = max(file.stat().st_size for file in source.glob("*.safetensors"))
    result = sum(file.stat().st_size for file in out.glob("*.safetensors"))
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "largest_shard_gb": round(shard / 1e9, 2),
        "result_gb": round(result / 1e9, 2),
        "peak_memory_gb": round(peak / 1e9, 2),
        "peak_over_larger": round(peak / max(shard, result), 2),
    }


if __name__ == "__main__":
    main()
