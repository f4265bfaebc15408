"""The folders that prompt parity is measured on: small ones with the published tags, published ones with their own."""

import json
import shutil
from pathlib import Path

from tests.checkpoints import model_config, write_configs

# name: preset of the files, tokenizer beside the checkout (None: a small one)
SMALL = {"small-256m": "256m", "small-2.2b-v1": "2.2b-v1", "small-smollm2": "smollm2"}
PUBLISHED = {
    "smolvlm2-256m": "tokenizer",
    "smolvlm2-2.2b": "tokenizer",
    "smolvlm-2.2b-v1": "tokenizer-v1-2.2b",
}
SMOLLM2 = "smollm2"
NAMES = (*SMALL, *PUBLISHED, SMOLLM2)


def needs_shared(name: str) -> bool:
    """Whether the folder is made of the data beside the checkout."""
    return name not in SMALL


def write_prompt_folder(name: str, out: Path, shared: Path | None) -> Path:
    """Write the configs and the tokenizer of a checkpoint into `out` (no weights) and return it.

    `shared` is the folder with `data/configs` and `data/tokenizer*`.
    """
    if name in SMALL:
        preset = SMALL[name]
        write_configs(out, preset, model_config(preset))
        return out
    assert shared is not None, f"{name} needs the shared data"
    if name == SMOLLM2:
        config = model_config("smollm2", real_size=True)
        write_configs(out, "smollm2", config)
        file = shared / "data" / "tokenizer" / "tokenizer.json"
        (out / "tokenizer.json").write_text(_without_added(file, config["vocab_size"]), encoding="utf-8")
        return out
    shutil.copytree(shared / "data" / "configs" / name, out, dirs_exist_ok=True, copy_function=shutil.copyfile)
    shutil.copyfile(shared / "data" / PUBLISHED[name] / "tokenizer.json", out / "tokenizer.json")
    return out


def _without_added(file: Path, vocabulary: int) -> str:
    """SmolLM2's tokenizer is SmolVLM's without the tokens that it adds from the id `vocabulary` on."""
    content = json.loads(file.read_bytes())
    content["added_tokens"] = [token for token in content["added_tokens"] if token["id"] < vocabulary]
    return json.dumps(content, ensure_ascii=False)
