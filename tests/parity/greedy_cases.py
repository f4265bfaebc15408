"""What greedy parity is measured on: twenty pictures, a question about each, three details."""

import hashlib
import json
from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures"
FIXTURE = FIXTURES / "greedy.json"
PICTURES = FIXTURES / "pictures"
DETAILS = ("low", "auto", "high")
MAX_TOKENS = 48


def questions() -> dict[str, str]:
    """Name of each picture, and what is asked about it."""
    asked: dict[str, str] = json.loads((PICTURES / "questions.json").read_text(encoding="utf-8"))
    return asked


def digest(folder: Path) -> str:
    """SHA-256 over a checkpoint's weights and what its answers depend on beside them."""
    result = hashlib.sha256()
    names = ("config.json", "preprocessor_config.json", "tokenizer.json", "chat_template.json", "model.safetensors")
    for name in names:
        result.update((folder / name).read_bytes())
    return result.hexdigest()
