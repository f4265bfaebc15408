"""Clips to test with: stored ones (by `python -m tools.clip_fixtures`), and plain ones made on the spot."""

import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mlx_model.media import video_decoder

CLIPS = Path(__file__).parent / "fixtures" / "clips"


def write_clip(
    path: Path, *, count: int, rate: float = 10.0, size: tuple[int, int] = (64, 48), still: bool = False
) -> Path:
    """A Motion-JPEG clip in AVI of `count` frames, each of smooth parts of its own, or all the same if `still`."""
    # As the product imports it, quiet and without what it does to Qt, whichever test comes first.
    cv2 = video_decoder.load_opencv()
    width, height = size
    y, x = np.mgrid[:height, :width]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, size)
    frame = np.stack([x * 200 // width, y * 200 // height, np.zeros_like(x)], -1).astype(np.uint8)
    for index in range(count):
        frame[..., 2] = 0 if still else index * 37 % 200
        writer.write(frame)
    writer.release()
    return path


class Alive:
    """Counts the frames that are held at a time."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def watch(self, frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        for frame in frames:
            yield self.keep(frame)

    def keep(self, frame: np.ndarray) -> np.ndarray:
        self.now += 1
        self.most = max(self.most, self.now)
        weakref.finalize(frame, self._gone)
        return frame

    def _gone(self) -> None:
        self.now -= 1
