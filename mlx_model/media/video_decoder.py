"""A clip's frames as OpenCV's FFmpeg decodes them: when each is shown, and the pixels of those that are wanted.

Frames are read from the beginning, one after the other: seeking misses on clips of variable rate, and what the header
says of count and duration is often untrue. Time stamps and the upright frame are FFmpeg's; a stamp that is missing or
does not grow is set from the frame rate. Knows no model.
https://docs.opencv.org/4.x/d8/dfe/classcv_1_1VideoCapture.html
"""

import math
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mlx_model.errors import Cancelled, InputError
from mlx_model.media.file_kinds import HEAD_BYTES, describe_kind, is_clip
from mlx_model.media.regular_file import open_regular_file

MAX_FRAME_PIXELS = 64_000_000  # twice an 8K frame; a decoder holds several of them
MAX_SECONDS = 1_000_000  # eleven days; damaged time stamps reach farther
_CHECKED = 16  # frames at each end that are decoded before a file's own times are believed
_TOLERANCE = 1e-4  # seconds, within which two times are the same
_FALLBACK_RATE = 25.0  # frames a second, for files that state neither a rate nor time stamps
_ENVIRONMENT = {
    # A clip may refer to others; none is fetched from anywhere.
    "OPENCV_FFMPEG_CAPTURE_OPTIONS": "protocol_whitelist;file",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",  # AV_LOG_QUIET: its remarks on damaged frames are no sentences
}
_SET_BY_OPENCV = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")


def read_times(path: Path, name: str, cancelled: threading.Event | None = None) -> tuple[list[float], float]:
    """When each frame is shown, in seconds from the first, and the frames a second that the file states (0: none).

    What the file's packets say is believed where it is so at the clip's beginning and at its end; the whole is decoded
    otherwise, so that frames that are not there never count. Raises InputError for whatever is no clip, holds no
    picture track, or not one frame that can be decoded, and Cancelled once `cancelled` is set.
    """
    said = _packet_times(path, name, cancelled)
    with _open(path, name) as capture:
        if _is_true(said, capture, name, cancelled):
            return said, _stated_rate(capture)
    with _open(path, name) as capture:
        return list(_stream_times(capture, name, cancelled)), _stated_rate(capture)


def _packet_times(path: Path, name: str, cancelled: threading.Event | None) -> list[float]:
    """When each packet of the picture track is to be shown, in seconds from the first; nothing is decoded."""
    cv2, times = load_opencv(), []
    with _open(path, name) as capture:
        capture.set(cv2.CAP_PROP_FORMAT, -1)  # packets instead of frames
        while capture.grab():
            _stop_if(cancelled)
            times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    times.sort()
    return [round(time - times[0], 6) for time in times]


def _is_true(said: list[float], capture: Any, name: str, cancelled: threading.Event | None) -> bool:
    """Whether the first frames, and the last ones, are shown when the packets say so.

    That tells of a trimmed beginning, hidden frames and a cut-off end. A seek may miss: then nothing agrees.
    """
    grows = all(one < other for one, other in pairwise(said))
    if not grows or len(said) <= _CHECKED or said[-1] > MAX_SECONDS:
        return False
    if not _agree(said[:_CHECKED], list(islice(_stream_times(capture, name, cancelled), _CHECKED))):
        return False
    cv2 = load_opencv()
    offset = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 - said[_CHECKED - 1]
    capture.set(cv2.CAP_PROP_POS_FRAMES, len(said) - _CHECKED)
    last: list[float] = []
    while capture.grab():
        _stop_if(cancelled)
        last.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 - offset)
    return bool(last) and _agree(said[-len(last) :], last)


def _agree(said: list[float], seen: list[float]) -> bool:
    return len(said) == len(seen) and all(abs(a - b) < _TOLERANCE for a, b in zip(said, seen, strict=True))


def stream_shown(path: Path, name: str, cancelled: threading.Event | None = None) -> Iterator[tuple[float, np.ndarray]]:
    """Every frame that can be decoded, RGB uint8 [height, width, 3], upright, and when it is shown.

    Raises as `read_times` does.
    """
    with _open(path, name) as capture:
        for shown in _stream_times(capture, name, cancelled):
            decoded, frame = capture.retrieve()
            if decoded:
                yield shown, frame[..., ::-1]


def stated_seconds(path: Path, name: str) -> float:
    """How long the file says it is; 0 where it says nothing. Often untrue, but known at once. Raises InputError."""
    with _open(path, name) as capture:
        rate, count = _stated_rate(capture), capture.get(load_opencv().CAP_PROP_FRAME_COUNT)
        return count / rate if rate and 0 < count / rate < MAX_SECONDS else 0.0


def _stream_times(capture: Any, name: str, cancelled: threading.Event | None) -> Iterator[float]:
    """Goes on to the next frame each time; when it is shown, in seconds from the first."""
    step = 1 / (_stated_rate(capture) or _FALLBACK_RATE)
    first = last = None
    while capture.grab():
        _stop_if(cancelled)
        shown = capture.get(load_opencv().CAP_PROP_POS_MSEC) / 1000
        last = shown if last is None or shown > last else last + step
        first = last if first is None else first
        if last - first > MAX_SECONDS:
            raise InputError(f"{name} is a video with damaged time stamps: it would last more than {MAX_SECONDS:,} s.")
        # To the microsecond: a container's ticks are no exact seconds, and 1.9999999 would be shown as 00:01.
        yield round(last - first, 6)
    if first is None:
        raise InputError(f"{name} is a video without one frame that can be decoded; it is damaged or incomplete.")


def stream_frames(
    path: Path, name: str, seconds: Sequence[float], cancelled: threading.Event | None = None
) -> Iterator[np.ndarray]:
    """The frames that are shown at `seconds` (ascending), RGB uint8 [height, width, 3], upright, one at a time.

    In place of one that was damaged comes the next. Raises Cancelled once `cancelled` is set, InputError where there
    is no frame any more or it cannot be decoded.
    """
    cv2 = load_opencv()
    with _open(path, name) as capture:
        times = _stream_times(capture, name, cancelled)
        for second in seconds:
            if next((shown for shown in times if shown > second - _TOLERANCE), None) is None:
                raise InputError(f"{name} ended before {second:.2f} s; it changed while it was read, or is damaged.")
            decoded, frame = capture.retrieve()
            if not decoded:
                raise InputError(f"{name} is damaged: its frame at {second:.2f} s cannot be decoded.")
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def _stop_if(cancelled: threading.Event | None) -> None:
    if cancelled is not None and cancelled.is_set():
        raise Cancelled("The clip was not read to its end.")


@contextmanager
def _open(path: Path, name: str) -> Iterator[Any]:
    """A capture at the clip's beginning. What is opened is what was checked: FFmpeg gets our descriptor, not a name.

    So no name can mean a list of files, a pattern of numbered pictures or an address.
    """
    cv2 = load_opencv()
    with open_regular_file(path, name) as file:
        head = os.pread(file.fileno(), HEAD_BYTES, 0)  # leaves the offset, which the capture may share, at 0
        if not is_clip(head):
            raise InputError(f"{name} is no clip: it {describe_kind(head)}.")
        capture = cv2.VideoCapture(f"/dev/fd/{file.fileno()}", cv2.CAP_FFMPEG)
        try:
            if not capture.isOpened():
                raise InputError(
                    f"{name} is a video without pictures that can be decoded: sound alone, or damaged or incomplete."
                )
            capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
            width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
            if width * height > MAX_FRAME_PIXELS:
                raise InputError(
                    f"{name} has frames of {width:.0f} x {height:.0f} pixels, more than {MAX_FRAME_PIXELS // 10**6} "
                    "megapixels; save a smaller copy of it."
                )
            yield capture
        except cv2.error as error:
            raise InputError(f"{name} is damaged or in a form that cannot be decoded.") from error
        finally:
            capture.release()


def _stated_rate(capture: Any) -> float:
    return _sane_rate(capture.get(load_opencv().CAP_PROP_FPS))


def _sane_rate(rate: float) -> float:
    return rate if math.isfinite(rate) and 0 < rate <= 1000 else 0.0


@cache
def load_opencv() -> Any:
    """OpenCV, imported with the first clip, quiet, and without what it does to Qt.

    Its Linux wheel points Qt at plugins of another version, with which no window would open.
    """
    before = {name: os.environ.get(name) for name in _SET_BY_OPENCV}
    import cv2

    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    os.environ.update(_ENVIRONMENT)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2
