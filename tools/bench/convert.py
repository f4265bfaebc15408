"""Peak memory and time of converting a checkpoint of the real 2.2B shape to 4 bits.

    python -m tools.bench.convert [--preset 2.2b] [--keep FOLDER]

Writes seeded random bfloat16 weights as two shards (4.5 GB of disk), converts them in a process of its own, and prints
that process's peak resident memory as a multiple of the largest shard. It has to stay below 1.5.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.checkpoints import model_config, stream_tensors, tensor_shapes, write_configs
from tests.safetensors_files import stream_to_shards

ROOT = Path(__file__).parents[2]
CONVERT = """
import sys
from pathlib import Path
from convert.conversion import convert
convert(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="2.2b", help="256m, 500m, 2.2b or 2.2b-v1")
    parser.add_argument("--keep", type=Path, help="write the source and the output here, and leave them there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        source, out = folder / "source", folder / "4bit"
        if not (source / "config.json").exists():
            # In a process of its own: Linux counts the memory of the one that starts another to the started one.
            writer = multiprocessing.get_context("spawn").Process(target=write_source, args=(source, arguments.preset))
            writer.start()
            writer.join()
        print(json.dumps(measure(source, out), indent=2))


def write_source(folder: Path, preset: str) -> None:
    config = model_config(preset, real_size=True)
    write_configs(folder, preset, config)
    stream_to_shards(folder, tensor_shapes(config), stream_tensors(config), 2, "bfloat16")


def measure(source: Path, out: Path) -> dict[str, float]:
    """Sizes in GB (10^9 bytes), seconds, and the ratio."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", CONVERT, str(source), str(out)], cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit("the conversion failed")
    # Kilobytes on Linux, bytes on macOS.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    largest = max(file.stat().st_size for file in source.glob("*.safetensors"))
    return {
        "source_gb": round(sum(file.stat().st_size for file in source.glob("*.safetensors")) / 1e9, 3),
        "largest_shard_gb": round(largest / 1e9, 3),
        "output_gb": round(sum(file.stat().st_size for file in out.glob("*.safetensors")) / 1e9, 3),
        "seconds": round(time.perf_counter() - start, 1),
        "peak_memory_gb": round(peak / 1e9, 3),
        "peak_over_largest_shard": round(peak / largest, 3),
    }


if __name__ == "__main__":
    main()
