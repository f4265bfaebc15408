"""The fixed pictures and texts of `assets/check`, as token ids and pixels for one model.

Two sets without a common entry: `check` is what a result is judged by, `calibration` what rounding and the choice of
bits learn from. A picture is looked at in one tile. The answers are given, so nothing has to be generated.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

import mlx.core as mx
import numpy as np
from PIL import Image

import assets
from mlx_model.config import ModelConfig
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.media.images import cut_tiles, normalize, plan
from mlx_model.prompting.prompt import Message, Picture, Text, build_prompt, build_raw_prompt

Use = Literal["check", "calibration"]


@dataclass(frozen=True)
class Item:
    """`ids` are prompt and answer; the answer begins at `start`. `pixels` [1, H, W, 3] normalised, None for words.

    Of the picture's patches `side` times `side` are read, evenly spread; None: all.
    """

    request: Message
    ids: tuple[int, ...]
    start: int
    pixels: mx.array | None
    side: int | None = None

    def patches(self, config: ModelConfig) -> int:
        """How many the encoder reads."""
        if self.pixels is None or config.vision is None:
            return 0
        return (self.side or config.vision.patches_per_side) ** 2


def read_items(checkpoint: Checkpoint, use: Use) -> list[Item]:
    """The set's entries for this model: one that reads text alone gets those of words alone, and one that sees learns
    from those with pictures alone, since almost every question to it has one.
    """
    content = json.loads((assets.path("check") / "check.json").read_text(encoding="utf-8"))
    sees = checkpoint.image_config is not None
    wanted = {"check": (True, sees), "calibration": (not sees, sees)}[use]
    items = [_item(checkpoint, entry) for entry in content[use] if wanted["picture" in entry]]
    longest = checkpoint.config.text.max_position_embeddings
    return [item for item in items if len(item.ids) <= longest]


def digest() -> str:
    """SHA-256 over all files of the set, names and contents."""
    result = hashlib.sha256()
    for path in sorted(assets.path("check").iterdir()):
        result.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return result.hexdigest()


def _item(checkpoint: Checkpoint, entry: dict[str, Any]) -> Item:
    image_config, tokenizer = checkpoint.image_config, checkpoint.tokenizer
    parts: list[Picture | Text] = [Text(entry["question"])]
    plans, pixels = [], None
    if "picture" in entry and image_config is not None:
        with Image.open(assets.path("check") / entry["picture"]) as file:
            image = file.convert("RGB")
        plans = [plan(image.width, image.height, "low", image_config)]
        pixels = mx.array(np.asarray(normalize(cut_tiles(image, plans[0], image_config), image_config)))
        parts.insert(0, Picture(image, entry["picture"]))
    message = Message("user", tuple(parts))
    if checkpoint.template is None:
        prompt = build_raw_prompt(f"{entry['question']}\n", plans, tokenizer, checkpoint.config)
    else:
        prompt = build_prompt([message], plans, checkpoint.template, tokenizer, checkpoint.config)
    answer = tokenizer.encode(" " * prompt.text.endswith(":") + entry["answer"])
    return Item(message, prompt.ids + tuple(answer), len(prompt.ids), pixels)
