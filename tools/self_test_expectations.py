"""Writes assets/self_test: what `smolsight doctor --self-test` holds a machine against.

    python -m tools.self_test_expectations

The embedded checkpoint's logits behind a question about each sample picture, and its answers, in float32 and with a
decoder of 4 bits, computed here. Prints how far MLX's own bfloat16 on a CPU is from them: what the limits in
`app/doctor/model_checks.py` are chosen by.
"""

import json
from typing import Any, cast

import numpy as np

import assets
from app.doctor.model_checks import EXPECTED, LOGITS, request_about, samples, weights_digest
from mlx_model.answering.answer import stream_answer
from mlx_model.device import arithmetic
from mlx_model.events import Answered
from mlx_model.loading import checkpoint
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.measuring.first_logits import Arithmetic, first_logits, load_as
from mlx_model.measuring.launches import replaced

STORED: tuple[Arithmetic, ...] = ("float32", "4 bits")


def main() -> None:
    folder, out = assets.path("embedded"), assets.path("self_test")
    logits, answers = {}, {}
    for kind in STORED:
        logits[kind], answers[kind] = _computed(load_as(folder, kind))
    out.mkdir(exist_ok=True)
    expected = {"weights": weights_digest(folder), "answers": answers}
    (out / EXPECTED).write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    np.savez_compressed(out / LOGITS, **cast(Any, logits))
    print(f"bfloat16: {_bfloat16_error(logits['float32'], answers['float32'])}")


def _computed(loaded: Checkpoint) -> tuple[np.ndarray, dict[str, str]]:
    """Logits [pictures, vocabulary] and the answers by picture."""
    rows, answers = [], {}
    for picture in samples():
        request = request_about(picture)
        rows.append(first_logits(loaded, request))
        *_, last = stream_answer(loaded, request)
        assert isinstance(last, Answered), "the last event is the answer"
        answers[picture.name] = last.answer.text
    return np.stack(rows).astype(np.float32), answers


def _bfloat16_error(exact: np.ndarray, answers: dict[str, str]) -> str:
    """On the branches that Metal takes, which a CPU can compute too."""
    with replaced(arithmetic, "ON_METAL", True), replaced(checkpoint, "ON_METAL", True):
        rows, said = _computed(load_as(assets.path("embedded"), "bfloat16"))
    errors = np.linalg.norm(rows - exact, axis=1) / np.linalg.norm(exact, axis=1)
    same = sum(said[name] == text for name, text in answers.items())
    return f"logits off by {errors.max():.3f} at most, {same} of {len(answers)} answers the same"


if __name__ == "__main__":
    main()
