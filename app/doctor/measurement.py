"""What was measured of this machine: once, in a process of its own, and kept until Smolsight or MLX change.

The measurement itself is `mlx_model.measuring.probe`, on the shapes of the published checkpoints.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.doctor.shapes import NAMES
from app.machine import processor, total_memory
from app.own_process import in_own_process

if TYPE_CHECKING:
    from mlx_model.measuring.probe import DecoderSpeed, VisionSpeed

FORMAT = 1  # of the file; another one is measured anew
METAL_BITS = (4, 8, 16)


@dataclass(frozen=True)
class Measurement:
    """Seconds of each published shape's parts, decoders also by the bits of their layers; bytes a second; a tile's
    preprocessing in seconds. `metal`: whether MLX computes on the GPU."""

    metal: bool
    vision: "dict[str, VisionSpeed]"
    decoder: "dict[str, dict[int, DecoderSpeed]]"
    bandwidth: float
    preprocess: float


Tell = Callable[[str, int, int], None]


def measured(again: bool = False, tell: Tell = lambda what, done, total: None) -> Measurement:
    """The kept measurement of this machine, taken now where there is none or `again`.

    `tell(what is measured, how many are done, of how many)`. Raises ProcessError.
    """
    if not again and (kept := _kept()) is not None:
        return kept
    taken = _measure(tell)
    _keep(taken)
    return taken


def machine_key() -> dict[str, Any]:
    """What a measurement belongs to: it is taken anew when any of this changes."""
    return {
        "format": FORMAT,
        "processor": processor(),
        "memory_bytes": total_memory(),
        "mlx": metadata.version("mlx"),
        "smolsight": _own_version(),
        "threads": os.environ.get("OPENBLAS_NUM_THREADS"),
    }


def _own_version() -> str | None:
    try:
        return metadata.version("smolsight")
    except metadata.PackageNotFoundError:  # run from its sources
        return None


def cache_file() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("smolsight", appauthor=False) / "machine.json"


def _measure(tell: Tell) -> Measurement:
    from mlx_model.device.arithmetic import ON_METAL

    bits = METAL_BITS if ON_METAL else METAL_BITS[-1:]
    jobs: list[tuple[str, Callable[[Any], Any], Any]] = [("vision", _vision, name) for name in NAMES]
    jobs += [("decoder", _decoder, (name, width)) for name in NAMES for width in bits]
    jobs += [("bandwidth", _bandwidth, None), ("preprocess", _preprocess, None)]
    found: dict[str, dict[Any, Any]] = {"vision": {}, "decoder": {}, "bandwidth": {}, "preprocess": {}}
    for done, (what, work, given) in enumerate(jobs):
        tell(f"Measuring: {what}", done, len(jobs))
        found[what][given] = in_own_process("Measuring", work, given)
    return Measurement(
        metal=ON_METAL,
        vision=found["vision"],
        decoder={name: {width: found["decoder"][name, width] for width in bits} for name in NAMES},
        bandwidth=found["bandwidth"][None],
        preprocess=found["preprocess"][None],
    )


def _vision(name: str) -> "VisionSpeed":
    from app.doctor.shapes import published_shapes
    from mlx_model.measuring.probe import measure_vision

    return measure_vision(published_shapes()[name])


def _decoder(given: tuple[str, int]) -> "DecoderSpeed":
    from app.doctor.shapes import published_shapes
    from mlx_model.measuring.probe import measure_decoder

    name, bits = given
    return measure_decoder(published_shapes()[name], bits)


def _bandwidth(_: None) -> float:
    from mlx_model.measuring.probe import measure_bandwidth

    return measure_bandwidth()


def _preprocess(_: None) -> float:
    """Seconds that cutting a picture takes for each of its tiles."""
    import time

    import numpy as np
    from PIL import Image

    from mlx_model.config import ImageConfig
    from mlx_model.media.images import cut_tiles, plan

    config = ImageConfig(tile=512, longest_edge=2048, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8))
    planned = plan(*picture.size, "high", config)
    begin = time.perf_counter()
    cut_tiles(picture, planned, config)
    return (time.perf_counter() - begin) / planned.tiles


def _keep(measurement: Measurement) -> None:
    """Kept where it can be; a machine without a place for it measures each time."""
    file = cache_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f".{file.name}.partial")
        partial.write_text(json.dumps({"machine": machine_key(), "measured": asdict(measurement)}), encoding="utf-8")
        partial.replace(file)
    except OSError:
        return


def _kept() -> Measurement | None:
    from mlx_model.measuring.probe import DecoderSpeed, VisionSpeed

    try:
        kept = json.loads(cache_file().read_text(encoding="utf-8"))
        if kept["machine"] != machine_key():
            return None
        values = kept["measured"]
        return Measurement(
            metal=values["metal"],
            vision={name: VisionSpeed(**speed) for name, speed in values["vision"].items()},
            decoder={
                name: {int(bits): DecoderSpeed(**speed) for bits, speed in by_bits.items()}
                for name, by_bits in values["decoder"].items()
            },
            bandwidth=values["bandwidth"],
            preprocess=values["preprocess"],
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
