"""Cameras by OpenCV: which there are, and their frames. Knows no Qt, and asks for no permission but where OpenCV does.

macOS names its cameras by `system_profiler`; OpenCV numbers them there in the order of their unique ids. Elsewhere a
camera is its number.
https://docs.opencv.org/4.x/d8/dfe/classcv_1_1VideoCapture.html
"""

import json
import os
import plistlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from mlx_model.errors import InputError

# Width and height that a camera is asked for; it gives what it has that is nearest.
SIZES = ((640, 480), (1280, 720), (1920, 1080))
LINUX_CAMERAS = Path("/sys/class/video4linux")
SECONDS_TO_LIST = 15.0


@dataclass(frozen=True)
class CameraDevice:
    """`index` is OpenCV's number."""

    index: int
    name: str


class Camera(Protocol):
    """An open camera. Both methods are called on the thread that opened it."""

    def read(self) -> np.ndarray | None:
        """The next frame, RGB uint8 [H, W, 3]; None once the camera gives none any more."""

    def close(self) -> None: ...


class Cameras(Protocol):
    """The cameras of a machine."""

    def list(self) -> list[CameraDevice]: ...

    def open(self, device: CameraDevice, size: tuple[int, int]) -> Camera:
        """Raises InputError where it is not there, or may not be used."""


class SystemCameras:
    """The cameras of this machine."""

    def list(self) -> list[CameraDevice]:
        """What there is now. Takes a second on a Mac."""
        return _mac_cameras() if sys.platform == "darwin" else _linux_cameras()

    def open(self, device: CameraDevice, size: tuple[int, int]) -> Camera:
        return _OpenCVCamera(device, size)


class _OpenCVCamera:
    def __init__(self, device: CameraDevice, size: tuple[int, int]) -> None:
        from mlx_model.media.video_decoder import load_opencv

        if sys.platform == "darwin" and says_what_the_camera_is_for():
            os.environ["OPENCV_AVFOUNDATION_SKIP_AUTH"] = "1"  # the bundle has asked by itself
        self._cv2 = load_opencv()
        self._cv2.utils.logging.setLogLevel(self._cv2.utils.logging.LOG_LEVEL_SILENT)
        backend = self._cv2.CAP_AVFOUNDATION if sys.platform == "darwin" else self._cv2.CAP_V4L2
        self._capture = self._cv2.VideoCapture(device.index, backend)
        if not self._capture.isOpened():
            self._capture.release()
            raise InputError(f"{device.name} gives no pictures: it is unplugged, in use elsewhere, or not allowed.")
        self._capture.set(self._cv2.CAP_PROP_FRAME_WIDTH, size[0])
        self._capture.set(self._cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        self._capture.set(self._cv2.CAP_PROP_BUFFERSIZE, 1)

    def read(self) -> np.ndarray | None:
        came, frame = self._capture.read()
        return self._cv2.cvtColor(frame, self._cv2.COLOR_BGR2RGB) if came and frame is not None else None

    def close(self) -> None:
        self._capture.release()


def says_what_the_camera_is_for() -> bool:
    """Whether this process is a bundle that may ask for the camera itself; else macOS asks about the terminal."""
    try:
        with (Path(sys.executable).parents[1] / "Info.plist").open("rb") as file:
            return "NSCameraUsageDescription" in plistlib.load(file)
    except (OSError, IndexError, plistlib.InvalidFileException):
        return False


def _mac_cameras() -> list[CameraDevice]:
    command = ["system_profiler", "SPCameraDataType", "-json"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS_TO_LIST, check=True)
        return read_system_profiler(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return []


def read_system_profiler(text: bytes) -> list[CameraDevice]:
    """The cameras in what `system_profiler SPCameraDataType -json` prints, numbered as OpenCV does."""
    rows = json.loads(text).get("SPCameraDataType", [])
    rows.sort(key=lambda row: row.get("spcamera_unique-id", ""))
    return [CameraDevice(index, row.get("_name", f"Camera {index}")) for index, row in enumerate(rows)]


def _linux_cameras() -> list[CameraDevice]:
    """Each camera once: a second device of it, with a higher `index`, gives data about its frames."""
    found = []
    for folder in LINUX_CAMERAS.glob("video*"):
        try:
            if (folder / "index").read_text().strip() == "0":
                number = int(folder.name.removeprefix("video"))
                found.append(CameraDevice(number, f"Camera {number}"))
        except (OSError, ValueError):
            continue
    return sorted(found, key=lambda device: device.index)
