"""Times a decoded picture -> tiles at `high`, ours beside transformers' PIL processor, in one run.

    python -m tools.bench.preprocess

Both take turns, so that a busy machine slows both. "tiles" ends with uint8 tiles, "normalised" with the same floats
that the processor returns. Needs transformers (group `parity` of pyproject.toml).
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

from mlx_model.media.images import cut_tiles, is_blank, normalize, pixel_hash, plan, unique_tiles
from tests.parity.pixel_cases import PixelCase, draw
from tools.parity.pixels import reference_processor

SIZES = ((640, 480), (4000, 3000))
ROUNDS = 15


def works(case: PixelCase) -> dict[str, Callable[[], object]]:
    """What is timed, by name; the reference first."""
    image, config = draw(case.width, case.height), case.config

    def cut() -> np.ndarray:
        return cut_tiles(image, plan(case.width, case.height, case.detail, config), config)

    tiles, reference = cut(), reference_processor(case)
    return {
        "reference": lambda: reference(image, return_tensors="np"),
        "tiles": cut,
        "normalised": lambda: normalize(cut(), config),
        "unique tiles alone": lambda: unique_tiles(tiles),
        "pixel hash alone": lambda: pixel_hash(image),
        "blank check alone": lambda: is_blank(image),
    }


def seconds(work: Callable[[], object]) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin


def main() -> None:
    for width, height in SIZES:
        timed = works(PixelCase(width, height, tile=512, longest_edge=2048, detail="high"))
        rounds = [[seconds(work) for work in timed.values()] for _ in range(ROUNDS)]
        print(f"{width} x {height} at high: milliseconds, least and median of {ROUNDS}; share of the reference's")
        least, middle = (
            [min(times) for times in zip(*rounds, strict=True)],
            [median(times) for times in zip(*rounds, strict=True)],
        )
        for place, name in enumerate(timed):
            print(
                f"  {name:20} {least[place] * 1000:8.1f} {middle[place] * 1000:8.1f}"
                f"   {least[place] / least[0]:.3f} {middle[place] / middle[0]:.3f}"
            )


if __name__ == "__main__":
    main()
