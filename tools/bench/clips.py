"""What a clip costs beside a single frame of it: memory by MLX's counter, full-size frames held, time spent waiting.

    python -m tools.bench.clips [MODEL_FOLDER] [--frames 64]

Five minutes of 1080p are made on the spot, one frame a second, and asked about twice: one frame, then all. Without a
folder, seeded random weights at the real 256M shape are. Needs some 4 GB of memory.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest.mock import patch

import numpy as np

import mlx_model
from mlx_model.answering.answer import stream_answer
from mlx_model.events import Answer, Answered
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.media import video
from mlx_model.media.video import Watching, open_clip, plan_frames, stream_tiles
from mlx_model.media.video_decoder import stream_frames
from mlx_model.prompting.prompt import Message, Text
from mlx_model.request import Request
from tests.checkpoints import write_checkpoint
from tests.clips import Alive, write_clip

SECONDS = 300


def ask(checkpoint: Checkpoint, path: Path, frames: int) -> Answer:
    clip = open_clip(path, watching=Watching(max_frames=frames))
    request = Request((Message("user", (clip, Text("What happens?"))),), max_tokens=8, repetition_guard=False)
    (answer,) = [event.answer for event in stream_answer(checkpoint, request) if isinstance(event, Answered)]
    return answer


def kept_bytes(checkpoint: Checkpoint, answer: Answer) -> int:
    """Image tokens and KV cache, in float32."""
    text = checkpoint.config.text
    per_token = 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim
    return 4 * (answer.image_tokens * text.hidden_size + answer.prompt_tokens * per_token)


def reading_seconds(checkpoint: Checkpoint, path: Path, frames: int) -> float:
    """Of decoding and scaling alone, without anybody who encodes."""
    clip, config = open_clip(path, watching=Watching(max_frames=frames)), checkpoint.image_config
    assert config is not None, "it sees"
    begin = perf_counter()
    for _ in stream_tiles(clip, plan_frames(clip, config), config):
        pass
    return perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.clips")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--frames", type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="smolsight-bench-") as scratch:
        folder = options.folder or write_checkpoint(Path(scratch) / "256m", "256m", real_size=True)
        checkpoint = mlx_model.load(folder)
        path = write_clip(Path(scratch) / "clip.avi", count=SECONDS, rate=1.0, size=(1920, 1080))
        alive = Alive()

        def watched(*args: Any) -> Iterator[np.ndarray]:
            return alive.watch(stream_frames(*args))

        single = ask(checkpoint, path, 1)
        with patch.object(video, "stream_frames", watched):
            many = ask(checkpoint, path, options.frames)
        reading = reading_seconds(checkpoint, path, options.frames)
    kept = kept_bytes(checkpoint, many)
    ratio = (many.peak_memory_bytes - kept) / single.peak_memory_bytes
    print(f"peak memory, one frame      {single.peak_memory_bytes / 1e6:9.1f} MB")
    print(f"peak memory, {options.frames} frames     {many.peak_memory_bytes / 1e6:9.1f} MB")
    print(f"image tokens and KV cache   {kept / 1e6:9.1f} MB; without them {ratio:.2f} of one frame's")
    print(f"full-size frames held       {alive.most:9d}")
    print(f"reading alone               {reading:9.1f} s")
    print(f"waiting for frames          {many.seconds.preprocess:9.1f} s, prompt included, beside encoding")
    print(f"encoding                    {many.seconds.vision:9.1f} s")


if __name__ == "__main__":
    main()
