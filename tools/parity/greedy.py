"""Writes tests/parity/fixtures/greedy.json: the reference's greedy answers of the embedded checkpoint, as token ids.

    python -m tools.parity.greedy [--model FOLDER]

The shipped folder is expanded to the hub's form and given to transformers, in float32, with its own processor: every
picture of tests/parity/fixtures/pictures, at every detail. Group `parity` of pyproject.toml.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoTokenizer

import assets
from tests.parity.greedy_cases import DETAILS, FIXTURE, MAX_TOKENS, PICTURES, digest, questions
from tools.parity.hub_form import write_hub_form
from tools.parity.prompts import load_processor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=assets.path("embedded"), help="a folder that Smolsight wrote")
    parser.add_argument("--out", type=Path, default=FIXTURE)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        reference = Reference(write_hub_form(given.model, Path(scratch) / "hub"))
    answers = [
        {"picture": picture, "detail": detail, "ids": reference.answer(picture, question, detail)}
        for picture, question in questions().items()
        for detail in DETAILS
    ]
    lines = ",\n".join(json.dumps(answer) for answer in answers)
    given.out.write_text(f'{{"weights": "{digest(given.model)}", "answers": [\n{lines}\n]}}\n', encoding="utf-8")
    tokens = sum(len(answer["ids"]) for answer in answers)
    print(f"{len(answers)} answers, {tokens} tokens, {len({tuple(answer['ids']) for answer in answers})} different")
    print(f"closest call between two tokens: {reference.closest:.1e} of the logits' range")


class Reference:
    """transformers' model and processor of a hub folder. `closest` is how near a second token ever came."""

    def __init__(self, folder: Path) -> None:
        self.model, loading = AutoModelForImageTextToText.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True
        )
        # transformers would only warn, and go on with random weights.
        assert not loading["missing_keys"] and not loading["unexpected_keys"] and not loading["mismatched_keys"], (
            loading
        )
        self.model.eval()
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.processor = load_processor(folder, self.tokenizer)
        self.closest = float("inf")

    def answer(self, picture: str, question: str, detail: str) -> list[int]:
        """Greedy ids, the stop token included."""
        content = [{"type": "image"}, {"type": "text", "text": question}]
        text = self.processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
        with Image.open(PICTURES / picture) as opened:
            image = opened.convert("RGB")
        inputs = self.processor(text=[text], images=[[image]], return_tensors="pt", **self._options(image, detail))
        with torch.no_grad():
            said = self.model.generate(
                **inputs,
                do_sample=False,
                max_new_tokens=MAX_TOKENS,
                output_logits=True,
                return_dict_in_generate=True,
            )
        for logits in said.logits:
            best, second = logits[0].topk(2).values.tolist()
            self.closest = min(self.closest, (best - second) / float(logits.max() - logits.min()))
        ids: list[int] = said.sequences[0, inputs["input_ids"].shape[1] :].tolist()
        return ids

    def _options(self, image: Image.Image, detail: str) -> dict[str, Any]:
        """What each detail is, said to the reference's processor."""
        settings = self.processor.image_processor
        tile, longest = settings.max_image_size["longest_edge"], settings.size["longest_edge"]
        if detail == "low":
            return {"do_image_splitting": False}
        if detail == "high":
            return {}
        tiles = min(max(int(max(image.size) / tile + 0.5), 1), longest // tile)
        return {"size": {"longest_edge": tiles * tile}}


if __name__ == "__main__":
    main()
