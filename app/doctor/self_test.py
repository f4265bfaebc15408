"""The self-test: every check in a process of its own, so that one that takes its process down is a line that says fail.

Which checks there are, in order, is here; what each does in `checks.py`, `model_checks.py` and `mac_checks.py`.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from app.doctor import checks, mac_checks, model_checks
from app.doctor.outcome import Found
from app.own_process import in_own_process
from mlx_model.errors import SmolsightError

CHECKS: dict[str, Callable[[None], Found]] = {
    "metal": checks.metal,
    "one evaluation": checks.one_evaluation,
    "memory limit": checks.memory_limit,
    "float32": model_checks.float32,
    "bfloat16": model_checks.bfloat16,
    "4 bits": model_checks.four_bits,
    "engine thread": model_checks.engine_thread,
    "clip": checks.clip,
    "HEIC picture": mac_checks.heic,
    "camera": mac_checks.camera,
    "screen capture": mac_checks.screen_capture,
}


@dataclass(frozen=True)
class Outcome:
    """A check's line. `times`: what was timed, with its seconds to load and to the first word, and tokens a second."""

    name: str
    status: Literal["pass", "fail", "skip"]
    said: str
    times: tuple[tuple[str, str, str, str], ...] = ()

    def record(self) -> dict[str, Any]:
        return asdict(self)


def run_checks(tell: Callable[[str], None] = lambda name: None) -> Iterator[Outcome]:
    """Each check's outcome as it ends; `tell(name)` before it begins."""
    for name, check in CHECKS.items():
        tell(name)
        try:
            found = in_own_process(f"The check of {name}", check, None)
            yield Outcome(name, found.status, found.said, found.times)
        except SmolsightError as error:
            yield Outcome(name, "fail", str(error))
