"""A clip in consecutive windows of a few seconds, each with its frames, in one pass from the first frame to the last.

For captions along a clip of any length: nothing is known of the clip beforehand, nothing is read twice, and of the
frames no more than two are held at a time, beside the tiles of the window that is being gathered. What a window shows
at a moment is the frame that is on the screen then, so a still picture of a minute is seen in every window that it
fills. Knows neither prompts nor MLX.
"""

import statistics
import threading
from collections import deque
from collections.abc import Generator
from itertools import count
from pathlib import Path

import numpy as np

from mlx_model.config import ImageConfig
from mlx_model.errors import InputError
from mlx_model.media.video import Clip, Watching, cut_frame
from mlx_model.media.video_decoder import stream_shown

SHORTEST = (
    1.0  # seconds; what is left over is a window of its own only from here on, or from half of the others' length
)
_GAPS = 100  # between frames: so many say for how long the last one is shown


def stream_windows(
    path: Path,
    config: ImageConfig,
    every: float,
    watching: Watching,
    name: str | None = None,
    cancelled: threading.Event | None = None,
) -> Generator[Clip, None, None]:
    """The clip in windows of `every` seconds, from `watching.start` to its end or `watching.end`; the last one may be
    shorter or a little longer.

    Each has `watching.fps` frames a second, but at most `watching.max_frames`, evenly from its beginning. Raises as
    `read_times` does, and InputError where the clip ends before `watching.start`.
    """
    name = name or str(path)
    frames = _frames_per_window(config, every, watching)
    end = float("inf") if watching.end is None else watching.end
    gathering = _Gathering(path, name, every, frames, watching.start)
    gaps: deque[float] = deque(maxlen=_GAPS)
    before, screen = 0.0, _Screen(config)
    for shown, pixels in stream_shown(path, name, cancelled):
        if shown:
            gaps.append(shown - before)
            yield from gathering.go_on(screen, min(shown, end))
        if shown >= end:
            break
        before = shown
        screen.show(pixels)
    # The last frame is taken to be shown for as long as most are.
    length = before + (statistics.median(gaps) if gaps else 1.0)
    if watching.start >= length:
        raise InputError(f"{name} is {length:.1f} s long, so nothing of it comes after {watching.start:g} s.")
    end = min(end, round(length, 3))
    yield from gathering.go_on(screen, end)
    yield gathering.window(end)


def _frames_per_window(config: ImageConfig, every: float, watching: Watching) -> int:
    fps = config.video_fps if watching.fps is None else watching.fps
    return max(min(round(fps * every), watching.max_frames or config.video_max_frames), 1)


class _Screen:
    """The frame that is shown, cut to a tile when that is asked for."""

    def __init__(self, config: ImageConfig) -> None:
        self._config = config
        self._pixels: np.ndarray | None = None
        self._tile: np.ndarray | None = None

    def show(self, pixels: np.ndarray) -> None:
        self._pixels, self._tile = pixels, None

    @property
    def tile(self) -> np.ndarray:
        if self._tile is None:
            assert self._pixels is not None, "a moment lies after the first frame"
            self._tile = cut_frame(self._pixels, self._config)
        return self._tile


class _Gathering:
    """The window that is being gathered, and the moments at which the screen is looked at."""

    def __init__(self, path: Path, name: str, every: float, frames: int, start: float) -> None:
        self._path, self._name, self._every = path, name, every
        self._begins = (round(start + number * every, 6) for number in count())
        self._moments = (
            round(start + window * every + frame * every / frames, 6) for window in count() for frame in range(frames)
        )
        self._begin, self._next_begin = next(self._begins), next(self._begins)
        self._moment = next(self._moments)
        self._picked: list[tuple[float, np.ndarray]] = []

    def go_on(self, screen: _Screen, until: float) -> Generator[Clip, None, None]:
        """The screen shows the same until then; the windows that are complete by that."""
        shortest = min(SHORTEST, self._every / 2)
        while True:
            if self._moment >= self._next_begin and until >= self._next_begin + shortest:
                yield self.window(self._next_begin)
                self._begin, self._next_begin = self._next_begin, next(self._begins)
            elif self._moment < until:
                self._picked.append((self._moment, screen.tile))
                self._moment = next(self._moments)
            else:
                return

    def window(self, end: float) -> Clip:
        """What was gathered before `end`, as a clip of its own."""
        inside = [(moment, tile) for moment, tile in self._picked if moment < end]
        self._picked = self._picked[len(inside) :]
        times = tuple(round(moment - self._begin, 6) for moment, _ in inside)
        length = end - self._begin
        return Clip(
            self._path,
            self._name,
            times,
            len(times) / length,
            Watching(start=self._begin, end=end),
            tiles=tuple(tile for _, tile in inside),
        )
