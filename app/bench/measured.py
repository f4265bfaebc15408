"""What one side of a benchmark is told to do, and what one run of it tells: plain values that cross processes."""

import resource
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlx_model.media.images import Detail

QUESTION = "Describe this image."


@dataclass(frozen=True)
class Job:
    """Answer the question about a picture with so many tokens, whatever the model says."""

    folder: Path
    picture: Path
    detail: "Detail"
    tokens: int


@dataclass(frozen=True)
class Measured:
    """One run. `seconds` by stage; memory in bytes, by MLX's counter and by the system's for the whole process."""

    prompt_tokens: int
    generated_tokens: int
    seconds: dict[str, float] = field(default_factory=dict)
    tokens_per_second: float | None = None
    peak_memory_bytes: int = 0
    peak_rss_bytes: int = 0


def peak_rss() -> int:
    """The most memory in bytes that this process held at a time."""
    if sys.platform == "linux":
        # Linux counts what its parent held to a process's `ru_maxrss`, but not to this.
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
