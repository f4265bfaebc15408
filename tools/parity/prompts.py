"""Writes tests/parity/prompts.json: what the reference's processors make of many conversations.

    python -m tools.parity.prompts ../shared

Needs transformers and num2words, no torch weights: group `parity` of pyproject.toml.
"""

import argparse
import json
import tempfile
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PIL import Image
from transformers import AutoTokenizer
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.idefics3.processing_idefics3 import Idefics3Processor
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil
from transformers.models.smolvlm.processing_smolvlm import SmolVLMProcessor

from tests.parity.prompt_folders import NAMES, write_prompt_folder
from tools.parity.conversations import DETAIL, DETAILS, PICTURES, RAW, RAW_PICTURES, TEXT_ONLY, Conversation

OUT = Path(__file__).parents[2] / "tests" / "parity" / "prompts.json"


class WithoutVideo(SmolVLMProcessor):
    """The reference asks for a video processor, which would need torchvision, and takes two numbers from it."""

    def check_argument_for_proper_class(self, argument_name: str, argument: object) -> None:
        if argument_name != "video_processor":
            super().check_argument_for_proper_class(argument_name, argument)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path, help="the folder with data/configs and data/tokenizer*")
    shared = parser.parse_args().shared
    with tempfile.TemporaryDirectory() as scratch:
        cases = [
            case for name in NAMES for case in _cases(name, write_prompt_folder(name, Path(scratch) / name, shared))
        ]
    lines = ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases)
    OUT.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{len(cases)} prompts, {OUT.stat().st_size / 1000:.0f} kB")


def _cases(name: str, folder: Path) -> list[dict[str, Any]]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if name.endswith("smollm2"):
        return [_words_case(name, label, turns, tokenizer) for label, turns in TEXT_ONLY.items()]
    processor = load_processor(folder, tokenizer)
    tile = processor.image_processor.max_image_size["longest_edge"]
    cases = [_case(name, label, turns, processor) for label, turns in {**TEXT_ONLY, **PICTURES}.items()]
    cases += [_case(name, label, turns, processor, raw=True) for label, turns in {**RAW, **RAW_PICTURES}.items()]
    for detail in DETAILS:
        options = {"size": {"longest_edge": detail * tile}} if detail else {"do_image_splitting": False}
        cases.append(_case(name, f"detail {detail or 'low'}", DETAIL, processor, options=options))
    return cases


def load_processor(folder: Path, tokenizer: Any) -> Any:
    settings = json.loads((folder / "processor_config.json").read_text())
    template = json.loads((folder / "chat_template.json").read_text())["chat_template"]
    common = {"tokenizer": tokenizer, "image_seq_len": settings["image_seq_len"], "chat_template": template}
    if settings["processor_class"] == "Idefics3Processor":
        return Idefics3Processor(image_processor=Idefics3ImageProcessorPil.from_pretrained(folder), **common)
    video = SimpleNamespace(num_frames=64, fps=1)
    return WithoutVideo(
        image_processor=SmolVLMImageProcessorPil.from_pretrained(folder), video_processor=video, **common
    )


def _case(
    name: str, label: str, turns: Conversation, processor: Any, *, raw: bool = False, options: Any = None
) -> dict[str, Any]:
    sizes = [part for _, *parts in turns for part in parts if isinstance(part, tuple)]
    pictures = [Image.new("RGB", size, "gray") for size in sizes]
    if raw:
        text = "".join(part if isinstance(part, str) else "<image>" for part in turns[0][1:])
    else:
        text = processor.apply_chat_template(_messages(turns), add_generation_prompt=True, tokenize=False)
    inputs = processor(text=[text], images=[pictures] if pictures else None, **(options or {}))
    case = {"checkpoint": name, "label": label, "turns": turns, "ids": packed(inputs["input_ids"][0])}
    if pictures:
        tiles = processor.image_processor(pictures, return_row_col_info=True, **(options or {}))
        case["grids"] = list(zip(tiles["rows"][0], tiles["cols"][0], strict=True))
    return case | ({"raw": True} if raw else {})


def _words_case(name: str, label: str, turns: Conversation, tokenizer: Any) -> dict[str, Any]:
    messages = [{"role": role, "content": "".join(parts)} for role, *parts in turns]
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    return {"checkpoint": name, "label": label, "turns": turns, "ids": packed(ids)}


def _messages(turns: Conversation) -> list[dict[str, Any]]:
    def content(part: Any) -> dict[str, str]:
        return {"type": "text", "text": part} if isinstance(part, str) else {"type": "image"}

    return [{"role": role, "content": [content(part) for part in parts]} for role, *parts in turns]


def packed(ids: list[int]) -> list[int | list[int]]:
    """Runs of one id, the image tokens of a tile, as [id, length]."""
    runs = [(token_id, len(list(run))) for token_id, run in groupby(ids)]
    return [part for token_id, n in runs for part in ([token_id] * n if n < 3 else [[token_id, n]])]


if __name__ == "__main__":
    main()
