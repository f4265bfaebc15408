"""Clips whose sampling, prompts and tiles are held against the reference's: by tests/parity/video.json.

A conversation is a list of turns (role, part, part, ...); a part is a string, a picture's (width, height), or a clip.
"""

from dataclasses import dataclass
from typing import Any

# frames, frames a second, wanted frames a second, most frames
Sampling = tuple[int, float, float, int]


@dataclass(frozen=True)
class ClipCase:
    """A clip of `frames` at `rate` a second, of which the reference chooses."""

    frames: int
    rate: float
    fps: float = 1.0
    max_frames: int = 64


_SAMPLED: tuple[Sampling, ...] = (
    *((1, 30.0, 1.0, 64), (2, 30.0, 1.0, 64), (14, 30.0, 1.0, 64), (15, 30.0, 1.0, 64), (45, 30.0, 1.0, 64)),
    *((75, 30.0, 1.0, 64), (120, 30.0, 1.0, 64), (100, 25.0, 1.0, 64), (1798, 29.97, 1.0, 64)),
    *((1980, 30.0, 1.0, 64), (1981, 30.0, 1.0, 64), (2010, 30.0, 1.0, 64), (9000, 30.0, 1.0, 64)),
    *((215784, 24000 / 1001, 1.0, 64), (600, 60.0, 2.0, 64), (600, 60.0, 0.5, 3), (600, 60.0, 0.1, 64)),
    *((30, 10.0, 1.0, 1), (31, 10.0, 1.0, 1), (5, 1.0, 1.0, 1), (4, 0.5, 1.0, 3), (12, 0.01, 1.0, 64)),
    *((90, 30.0, 30.0, 90), (90, 30.0, 100.0, 1000), (7, 7.5, 3.3, 5), (1000, 15.0, 0.7, 50)),
)
SAMPLED = tuple(ClipCase(*numbers) for numbers in _SAMPLED)

CONVERSATIONS: dict[str, list[tuple[Any, ...]]] = {
    "describe": [("user", ClipCase(120, 30.0), "Describe this video.")],
    "one frame": [("user", ClipCase(10, 30.0), "What is it?")],
    "most frames": [("user", ClipCase(9000, 30.0), "What happens?")],
    "over an hour": [("user", ClipCase(215784, 24000 / 1001), "What happens?")],
    "words first": [("user", "Look: ", ClipCase(75, 25.0), " and say.")],
    "clip alone": [("user", ClipCase(75, 25.0))],
    "newlines around": [("user", "\n", ClipCase(75, 25.0), "\n\nRead")],
    "system": [("system", "You are terse."), ("user", ClipCase(75, 25.0), "What?")],
    "picture and clip": [("user", (90, 80), ClipCase(75, 25.0), "Same?")],
    "clip and picture": [("user", ClipCase(75, 25.0), (90, 80), "Same?")],
    "turns": [("user", ClipCase(75, 25.0), "What?"), ("assistant", "A dog."), ("user", (640, 480), "And here?")],
    "two clips": [("user", ClipCase(75, 25.0), ClipCase(90, 30.0), "Same?")],
}

# width, height, tile, video_size.longest_edge
FRAMES = (
    *((1920, 1080, 512, 512), (1080, 1920, 512, 512), (640, 480, 512, 512), (320, 240, 384, 384), (17, 300, 384, 384)),
    *((101, 100, 64, 256), (512, 512, 512, 512), (3, 200, 128, 128)),
)
