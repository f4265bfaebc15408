"""The shapes of the published SmolVLMs, kept as data in `shapes.json`: enough to predict what is not installed."""

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlx_model.config import ModelConfig

NAMES = ("256m", "500m", "2.2b")  # short names of the catalogue, the smallest first


@cache
def published_shapes() -> "dict[str, ModelConfig]":
    """By short name, the smallest first."""
    from mlx_model.config import ModelConfig, TextConfig, VisionConfig

    rows = json.loads((Path(__file__).parent / "shapes.json").read_text(encoding="utf-8"))["shapes"]
    return {
        row["name"]: ModelConfig(
            model_type="smolvlm",
            text=TextConfig(**row["text"]),
            vision=VisionConfig(**row["vision"]),
            scale_factor=row["scale_factor"],
            image_token_id=row["image_token_id"],
        )
        for row in rows
    }
