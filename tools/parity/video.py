"""Writes tests/parity/video.json: frames chosen, prompts and tiles of clips as the reference makes them.

    python -m tools.parity.video ../shared

The tiles come from the reference's picture processor without splitting, which its video processor says it matches: that
one resizes tensors and needs torchvision, so it is not what these are compared with. Needs transformers and num2words:
group `parity` of pyproject.toml.
"""

import argparse
import hashlib
import json
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image
from transformers import AutoTokenizer
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil
from transformers.models.smolvlm.video_processing_smolvlm import SmolVLMVideoProcessor
from transformers.video_utils import VideoMetadata

from tests.parity.pixel_cases import HALF, draw
from tests.parity.prompt_folders import write_prompt_folder
from tests.parity.video_cases import CONVERSATIONS, FRAMES, SAMPLED, ClipCase
from tools.parity.prompts import WithoutVideo, packed

OUT = Path(__file__).parents[2] / "tests" / "parity" / "video.json"
CHECKPOINTS = ("small-256m", "smolvlm2-256m", "smolvlm2-2.2b")


class _ChosenFrames(SimpleNamespace):
    """In place of the video processor, which needs torchvision: as many frames as were chosen of `clips`."""

    num_frames, fps = 64, 1
    clips: tuple[ClipCase, ...] = ()

    def __call__(self, videos: Any, **_: Any) -> dict[str, Any]:
        metadata = [_metadata(clip) for clip in self.clips]
        return {"pixel_values": np.empty((1, len(metadata[0].frames_indices or []))), "video_metadata": metadata}


def chosen(clip: ClipCase) -> list[int]:
    """Indices by the reference's own function."""
    settings = SimpleNamespace(num_frames=clip.max_frames, fps=clip.fps)
    described = VideoMetadata(clip.frames, fps=clip.rate, duration=clip.frames / clip.rate)
    return [int(index) for index in SmolVLMVideoProcessor.sample_frames(settings, described)]


def _metadata(clip: ClipCase) -> VideoMetadata:
    return VideoMetadata(
        clip.frames, fps=clip.rate, duration=clip.frames / clip.rate, frames_indices=chosen(clip), video_backend="none"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path, help="the folder with data/configs and data/tokenizer*")
    shared = parser.parse_args().shared
    prompts = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in CHECKPOINTS:
            processor = _processor(write_prompt_folder(name, Path(scratch) / name, shared))
            prompts += [_prompt(name, label, processor) for label in CONVERSATIONS]
    stored: dict[str, list[Any]] = {
        "sampled": [chosen(clip) for clip in SAMPLED],
        "prompts": prompts,
        "tiles": [_tile(frame) for frame in FRAMES],
    }
    groups = [
        f"{json.dumps(key)}: [\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]"
        for key, rows in stored.items()
    ]
    OUT.write_text("{\n" + ",\n".join(groups) + "\n}\n", encoding="utf-8")
    print(f"{ {key: len(rows) for key, rows in stored.items()} }, {OUT.stat().st_size / 1000:.0f} kB")


def _processor(folder: Path) -> Any:
    settings = json.loads((folder / "processor_config.json").read_text())
    return WithoutVideo(
        image_processor=SmolVLMImageProcessorPil.from_pretrained(folder),
        tokenizer=AutoTokenizer.from_pretrained(folder),
        video_processor=_ChosenFrames(),
        image_seq_len=settings["image_seq_len"],
        chat_template=json.loads((folder / "chat_template.json").read_text())["chat_template"],
    )


def _prompt(name: str, label: str, processor: Any) -> dict[str, Any]:
    turns = CONVERSATIONS[label]
    parts = [part for _, *parts in turns for part in parts]
    clips = [part for part in parts if isinstance(part, ClipCase)]
    pictures = [Image.new("RGB", part, "gray") for part in parts if isinstance(part, tuple)]
    text = processor.apply_chat_template(_messages(turns), add_generation_prompt=True, tokenize=False)
    processor.video_processor.clips = tuple(clips)
    videos = [np.zeros((2, 4, 4, 3), np.uint8) for _ in clips]
    inputs = processor(text=[text], images=[pictures] if pictures else None, videos=videos)
    return {"checkpoint": name, "label": label, "ids": packed(list(inputs["input_ids"][0]))}


def _messages(turns: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    def content(part: Any) -> dict[str, str]:
        if isinstance(part, str):
            return {"type": "text", "text": part}
        return {"type": "video" if isinstance(part, ClipCase) else "image"}

    return [{"role": role, "content": [content(part) for part in parts]} for role, *parts in turns]


def _tile(frame: tuple[int, int, int, int]) -> str:
    """SHA-256 of a frame's tile."""
    width, height, tile, edge = frame
    processor = SmolVLMImageProcessorPil(
        size={"longest_edge": edge},
        max_image_size={"longest_edge": tile},
        do_image_splitting=False,
        image_mean=list(HALF),
        image_std=list(HALF),
    )
    pixels = np.array(processor(draw(width, height))["pixel_values"])[0, 0].transpose(1, 2, 0)
    return hashlib.sha256(np.rint((pixels * 0.5 + 0.5) * 255).astype(np.uint8).tobytes()).hexdigest()


if __name__ == "__main__":
    main()
