"""Checks of the model: the embedded checkpoint's logits and answers here, against those stored in `assets/self_test`.

The stored ones were computed in float32 on a CPU (tools/self_test_expectations.py), where they equal the reference
implementation's. A limit is how far the logits behind a prompt may be from them, as a share of their length.
"""

import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.doctor.outcome import Found, Times, failed, passed, skipped

if TYPE_CHECKING:
    import numpy as np

    from mlx_model.measuring.first_logits import Arithmetic
    from mlx_model.request import Request

QUESTION = "Describe this image."
MAX_TOKENS = 48
PATIENCE = 120.0  # seconds without a word from the engine
EXPECTED = "expected.json"
LOGITS = "logits.npz"
# Float32 differs by the order of sums, bfloat16 by its 8 bits of precision: 0.005 was seen with MLX's on a CPU.
LIMITS = {"float32": 1e-3, "bfloat16": 5e-2, "4 bits": 1e-3}
DIFFERENT_ANSWERS = {"float32": 0, "bfloat16": 2, "4 bits": 1}  # of five: rounding decides where two words are close


def float32(_: None) -> Found:
    return _compare("float32")


def bfloat16(_: None) -> Found:
    """The arithmetic of a Mac; a CPU has float32 alone."""
    import mlx_model  # noqa: F401
    import mlx.core as mx  # isort: skip

    if not mx.metal.is_available():
        return skipped("on a CPU all is float32")
    return _compare("bfloat16")


def four_bits(_: None) -> Found:
    """The kernels of packed weights."""
    return _compare("4 bits")


def engine_thread(_: None) -> Found:
    """A question through the thread that owns MLX, and that thread's orderly end."""
    import queue
    import threading

    import assets
    from mlx_model.engine import MLXEngine
    from mlx_model.events import Answered
    from mlx_model.protocol import Ask, Failed, JobEvent

    told: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
    before = threading.active_count()
    engine = MLXEngine()
    engine.submit(Ask(assets.path("embedded"), request_about(samples()[0])), told.put)
    while not (event := told.get(timeout=PATIENCE)).is_last:
        pass
    is_closed = engine.close()
    if isinstance(event.event, Failed):
        return failed(event.event.sentence)
    if not isinstance(event.event, Answered) or not event.event.answer.text:
        return failed("the engine gave no answer")
    if not is_closed or threading.active_count() > before:
        return failed("the engine's thread did not end")
    return passed("one question answered, and the thread ended")


def expected() -> tuple[dict[str, Any], "dict[str, np.ndarray]"]:
    """What was stored: answers and digest, logits by arithmetic."""
    import numpy as np

    import assets

    folder = assets.path("self_test")
    with np.load(folder / LOGITS) as arrays:
        return json.loads((folder / EXPECTED).read_text(encoding="utf-8")), dict(arrays)


def weights_digest(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def samples() -> list[Path]:
    import assets

    return sorted(assets.path("samples").glob("*.png"))


def request_about(picture: Path) -> "Request":
    from mlx_model.media.image_files import open_image
    from mlx_model.prompting.prompt import Message, Picture, Text
    from mlx_model.request import Request

    parts = (Picture(open_image(picture), picture.name), Text(QUESTION))
    return Request((Message("user", parts),), "auto", max_tokens=MAX_TOKENS)


def _compare(arithmetic: "Arithmetic") -> Found:
    import numpy as np

    import assets
    from mlx_model.answering.answer import stream_answer
    from mlx_model.events import Answered
    from mlx_model.measuring.first_logits import first_logits, load_as

    folder = assets.path("embedded")
    stored, arrays = expected()
    if stored["weights"] != weights_digest(folder):
        return failed("the embedded checkpoint is another one than the stored answers are of; install Smolsight again")
    begin = time.perf_counter()
    checkpoint = load_as(folder, arithmetic)
    load = time.perf_counter() - begin
    reference = arrays["4 bits" if arithmetic == "4 bits" else "float32"]
    answers = stored["answers"]["4 bits" if arithmetic == "4 bits" else "float32"]
    errors, different, first, rates = [], 0, [], []
    for row, picture in zip(reference, samples(), strict=True):
        request = request_about(picture)
        logits = first_logits(checkpoint, request)
        errors.append(float(np.linalg.norm(logits - row) / np.linalg.norm(row)))
        *_, last = stream_answer(checkpoint, request)
        assert isinstance(last, Answered), "the last event is the answer"
        different += last.answer.text != answers[picture.name]
        first.append(last.answer.seconds.first_token or 0.0)
        rates.append(last.answer.tokens_per_second or 0.0)
    times: Times = ((arithmetic, f"{load:.2f} s", f"{np.median(first):.3f} s", f"{np.median(rates):.1f}"),)
    said = f"logits off by {max(errors):.1e} at most, {len(errors) - different} of {len(errors)} answers the same"
    if max(errors) <= LIMITS[arithmetic] and different <= DIFFERENT_ANSWERS[arithmetic]:
        return passed(said, times)
    allowed = f"{LIMITS[arithmetic]:.0e} and {DIFFERENT_ANSWERS[arithmetic]} other answers are allowed"
    return failed(f"{said}; {allowed}")
