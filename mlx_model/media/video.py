"""A clip -> which of its frames the model sees, and each of them as one tile.

Mirrors the choice of frames in transformers' `models/smolvlm/video_processing_smolvlm.py` (5.23), number for number,
and its size: the frame to `video_size.longest_edge`, then squared to one tile, both by LANCZOS. Frames are never
averaged (paper, figure 3). Knows neither prompts nor MLX.
"""

import secrets
import statistics
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from mlx_model.config import ImageConfig
from mlx_model.errors import InputError
from mlx_model.media.images import cut_tiles, plan, tile_hash
from mlx_model.media.video_decoder import read_times, stream_frames

SKIPPED_SECONDS = 1  # at each end of a clip that is much longer than its frames


@dataclass(frozen=True)
class Watching:
    """What of a clip is to be seen: frames a second and at most so many (None: the checkpoint's), from `start` to `end`
    in seconds (None: the clip's end)."""

    fps: float | None = None
    max_frames: int | None = None
    start: float = 0.0
    end: float | None = None


@dataclass(frozen=True)
class Clip:
    """A clip that was read through once: `times` in seconds from its first frame, `rate` in frames a second.

    `stamp` tells its file as it was then from every other, and from itself once it is written anew. With `tiles` the
    clip is a window of a longer one, see `windows.py`: its frames are in memory, each cut to one tile, `times` run from
    its own beginning, and `watching` says where it lies.
    """

    path: Path
    name: str
    times: tuple[float, ...] = field(repr=False)
    rate: float
    watching: Watching = Watching()
    stamp: tuple[int, ...] = field(default=(), repr=False)
    tiles: tuple[np.ndarray, ...] = field(default=(), repr=False, compare=False)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.times) / self.rate

    @cached_property
    def identity(self) -> str:
        """What identifies the file as it was when opened; without a stamp, nothing but this object."""
        return str(self.stamp) if self.stamp else secrets.token_hex(16)

    def frame_identity(self, index: int) -> str:
        """What identifies a frame: its place in the file, of a window its pixels."""
        return tile_hash(self.tiles[index]) if self.tiles else f"{self.identity} {index}"


@dataclass(frozen=True)
class FramePlan:
    """The frames that are seen: their `indices` in the clip and when each is shown, in seconds of the clip.

    `start` and `end` bound what was chosen from, `duration` is the whole clip's. No frame is split.
    """

    indices: tuple[int, ...]
    seconds: tuple[float, ...]
    duration: float
    start: float
    end: float
    rows: int = 0
    cols: int = 0

    @property
    def tiles(self) -> int:
        """Tiles to encode, one a frame."""
        return len(self.indices)


def open_clip(
    path: Path,
    name: str | None = None,
    watching: Watching = Watching(),
    cancelled: threading.Event | None = None,
) -> Clip:
    """Read a clip's time stamps to its end. Raises as `read_times` does, and InputError where nothing lies in the span.

    Takes a while for a long clip: Cancelled is raised within a frame once `cancelled` is set.
    """
    name, stamp = name or str(path), _stamp(path)
    times, stated = read_times(path, name, cancelled)
    clip = Clip(path, name, tuple(times), _rate(times, stated), watching, stamp)
    if watching.start >= clip.duration:
        raise InputError(f"{name} is {clip.duration:.1f} s long, so nothing of it comes after {watching.start:g} s.")
    return clip


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:  # whoever opens it says why
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _rate(times: list[float], stated: float) -> float:
    """Frames a second: as stated where that fits what was read, so for a steady clip; else counted.

    The last frame is taken to be shown for as long as most are.
    """
    if len(times) == 1:
        return stated or 1.0
    gap = statistics.median(later - earlier for earlier, later in pairwise(times))
    read = times[-1] + gap
    if stated and abs(len(times) / stated - read) <= gap / 2:
        return stated
    return len(times) / read


def plan_frames(clip: Clip, config: ImageConfig, max_frames: int | None = None) -> FramePlan:
    """Which frames of the clip are seen; `max_frames` goes before the clip's own. Does no work and needs no pixels."""
    watching = clip.watching
    if clip.tiles:
        most = min(max_frames or len(clip.tiles), len(clip.tiles))
        return _as_plan(clip, _spread(0, len(clip.tiles) - 1, most), watching.start, watching.end or clip.duration)
    start, end = watching.start, clip.duration if watching.end is None else min(watching.end, clip.duration)
    # The frame that is on the screen at `start`, up to the last one before `end`.
    first, stop = max(bisect_right(clip.times, start) - 1, 0), bisect_left(clip.times, end)
    whole = stop - first == len(clip.times)
    chosen = choose_frames(
        stop - first,
        clip.rate if whole else (stop - first) / (end - start),
        clip.duration if whole else end - start,
        config.video_fps if watching.fps is None else watching.fps,
        max_frames or watching.max_frames or config.video_max_frames,
    )
    return _as_plan(clip, [first + index for index in chosen], start, end)


def _as_plan(clip: Clip, indices: list[int], start: float, end: float) -> FramePlan:
    return FramePlan(tuple(indices), tuple(clip.times[index] for index in indices), clip.duration, start, end)


def choose_frames(count: int, rate: float, duration: float, fps: float, max_frames: int) -> list[int]:
    """The reference's `sample_frames`: indices into `count` frames at `rate` a second, over `duration` seconds."""
    wanted = max(min(round(fps * duration), max_frames), 1)
    first, last = 0, count - 1
    # Frames compared with seconds, as the reference has it.
    if duration - 2 * SKIPPED_SECONDS > max_frames * fps:
        after, before = int(SKIPPED_SECONDS * rate), min(int(count - SKIPPED_SECONDS * rate), last)
        if after < before:
            first, last = after, before
    return _spread(first, last, wanted)


def _spread(first: int, last: int, count: int) -> list[int]:
    """At most `count` whole numbers, evenly from `first` to `last`."""
    return [int(index) for index in np.unique(np.linspace(first, last, count, dtype=int))]


def stream_tiles(
    clip: Clip, frames: FramePlan, config: ImageConfig, cancelled: threading.Event | None = None
) -> Iterator[np.ndarray]:
    """The planned frames as uint8 [tile, tile, 3], one after the other; no more than one frame is held.

    Raises InputError where one cannot be decoded or the file is no longer what was opened, Cancelled once `cancelled`
    is set.
    """
    if clip.tiles:
        yield from (clip.tiles[index] for index in frames.indices)
        return
    if clip.stamp and _stamp(clip.path) not in (clip.stamp, ()):
        raise InputError(f"{clip.name} has changed since it was opened; open it again.")
    seconds = [clip.times[index] for index in frames.indices]
    for pixels in stream_frames(clip.path, clip.name, seconds, cancelled):
        yield cut_frame(pixels, config)


def cut_frame(pixels: np.ndarray, config: ImageConfig) -> np.ndarray:
    """A frame, RGB uint8 [height, width, 3], as one tile [tile, tile, 3]."""
    sized = replace(config, longest_edge=config.video_edge or config.tile)
    image = Image.fromarray(pixels)
    return cut_tiles(image, plan(image.width, image.height, "low", sized), sized)[0]
