"""Frames of a clip for its timeline: read on a thread of their own, one after the other, and remembered.

A frame is kept small for the strip, and as a JPEG for the stage, so that 64 of them take a few megabytes.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from mlx_model.errors import Cancelled, SmolsightError

if TYPE_CHECKING:
    import numpy as np

    from mlx_model.media.video import Clip

HEIGHT = 96  # pixels of a small one: twice what the strip is high
LONGEST = 960  # pixels of one for the stage
JPEG_QUALITY = 88
REMEMBERED = 3  # clips
PATIENCE = 1.5  # seconds to wait for the reading thread when the window closes


@dataclass(frozen=True)
class FilmFrame:
    """One frame, shown at `second`."""

    second: float
    small: QImage
    jpeg: bytes

    @property
    def picture(self) -> QImage:
        return QImage.fromData(self.jpeg)


class Film(QObject):
    """The frames of one clip at a time; `frame_came` for each that was read."""

    frame_came = Signal(object)
    failed = Signal(str)
    _read = Signal(str, object)
    _broke = Signal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._films: OrderedDict[str, dict[float, FilmFrame]] = OrderedDict()
        self._shown = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._read.connect(self._keep, Qt.ConnectionType.QueuedConnection)
        self._broke.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    @property
    def frames(self) -> dict[float, FilmFrame]:
        """What there is of the clip by now, by its second."""
        return self._films.get(self._shown, {})

    def show(self, clip: "Clip", seconds: Sequence[float]) -> None:
        """Read the frames of these times (in order) that are not there yet."""
        self.stop()
        self._shown = clip.identity
        known = self._films.setdefault(self._shown, {})
        self._films.move_to_end(self._shown)
        while len(self._films) > REMEMBERED:
            self._films.popitem(last=False)
        missing = [second for second in seconds if second not in known]
        if missing:
            self._stop = threading.Event()
            args = (clip, missing, self._stop, self._thread)
            self._thread = threading.Thread(target=self._run, args=args, name="film")
            self._thread.start()

    def stop(self) -> None:
        """Read no more."""
        self._stop.set()

    def close(self) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def _run(
        self, clip: "Clip", seconds: Sequence[float], stop: threading.Event, before: threading.Thread | None
    ) -> None:
        from mlx_model.media.video_decoder import stream_frames

        if before is not None:
            before.join()
        try:
            for second, pixels in zip(seconds, stream_frames(clip.path, clip.name, seconds, stop), strict=True):
                self._read.emit(clip.identity, make_frame(second, pixels))
        except Cancelled:
            pass
        except SmolsightError as error:
            self._broke.emit(str(error), stop)

    @Slot(str, object)
    def _keep(self, identity: str, frame: FilmFrame) -> None:
        if identity in self._films:
            self._films[identity][frame.second] = frame
            if identity == self._shown:
                self.frame_came.emit(frame)

    @Slot(str, object)
    def _tell(self, sentence: str, stop: threading.Event) -> None:
        if not stop.is_set():
            self.failed.emit(sentence)


def make_frame(second: float, pixels: "np.ndarray") -> FilmFrame:
    """A frame from RGB uint8 [H, W, 3]. By OpenCV, which lets the window's thread go on meanwhile."""
    from mlx_model.media.video_decoder import load_opencv

    cv2 = load_opencv()
    height, width = pixels.shape[:2]
    scale = min(LONGEST / max(height, width), 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    shown = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    made, jpeg = cv2.imencode(".jpg", cv2.cvtColor(shown, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert made, "pixels in memory can be written"
    small = cv2.resize(pixels, (max(round(width * HEIGHT / height), 1), HEIGHT), interpolation=cv2.INTER_AREA)
    image = QImage(small.data, small.shape[1], HEIGHT, 3 * small.shape[1], QImage.Format.Format_RGB888).copy()
    return FilmFrame(second, image, jpeg.tobytes())
