"""Writes tests/parity/pixels.json: what the reference's PIL processor makes of pictures, as digests and samples.

    python -m tools.parity.pixels

Needs transformers (group `parity` of pyproject.toml) and no torch.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

from tests.parity.pixel_cases import CASES, HALF, PixelCase, draw, sample_places

OUT = Path(__file__).parents[2] / "tests" / "parity" / "pixels.json"


def reference_processor(case: PixelCase) -> SmolVLMImageProcessorPil:
    return SmolVLMImageProcessorPil(
        size={"longest_edge": case.reference_edge},
        max_image_size={"longest_edge": case.tile},
        do_image_splitting=case.detail != "low",
        image_mean=list(HALF),
        image_std=list(HALF),
    )


def reference_pixels(image: Image.Image, case: PixelCase) -> tuple[np.ndarray, int, int]:
    """float32 [tiles, tile, tile, 3], rows and cols, from transformers' processor."""
    features = reference_processor(case)(image, return_tensors="np", return_row_col_info=True)
    pixels = features["pixel_values"][0].transpose(0, 2, 3, 1)
    return np.ascontiguousarray(pixels), features["rows"][0][0], features["cols"][0][0]


def record(case: PixelCase) -> dict[str, object]:
    pixels, rows, cols = reference_pixels(draw(case.width, case.height), case)
    levels = np.rint((pixels * 0.5 + 0.5) * 255).astype(np.uint8)
    return {
        "case": [case.width, case.height, case.tile, case.longest_edge, case.detail],
        "grid": [rows, cols],
        "tiles": len(pixels),
        "sha256": hashlib.sha256(levels.tobytes()).hexdigest(),
        "samples": [float(pixels.flat[place]) for place in sample_places(pixels.size)],
    }


def main() -> None:
    lines = ",\n".join(json.dumps(record(case)) for case in CASES)
    OUT.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{OUT.name}: {len(CASES)} cases, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
