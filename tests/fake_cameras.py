"""Cameras without a camera: frames that are set, plugged in and out by the test."""

import threading
import time

import numpy as np

from app.camera import Camera, CameraDevice
from mlx_model.errors import InputError

DESK = CameraDevice(0, "Desk camera")
PAUSE = 0.005


def plain(red: int, green: int, blue: int, *, corner: int = 0) -> np.ndarray:
    """A frame of one colour with a square of another grey in it, so that it is not blank."""
    pixels = np.full((180, 320, 3), (red, green, blue), np.uint8)
    pixels[20:80, 20:80] = corner
    return pixels


class FakeCameras:
    """Each read gives `pixels` as they are then; without `plugged_in` nothing opens, and what is open ends."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels, self.plugged_in = pixels, True
        self.opened = self.closed = 0
        self.reads = 0
        self.threads: set[int] = set()

    def list(self) -> list[CameraDevice]:
        return [DESK] if self.plugged_in else []

    def open(self, device: CameraDevice, size: tuple[int, int]) -> Camera:
        if not self.plugged_in:
            raise InputError(f"{device.name} gives no pictures: it is unplugged, in use elsewhere, or not allowed.")
        self.opened += 1
        return _FakeCamera(self)


class _FakeCamera:
    def __init__(self, cameras: FakeCameras) -> None:
        self._cameras = cameras

    def read(self) -> np.ndarray | None:
        time.sleep(PAUSE)
        self._cameras.reads += 1
        self._cameras.threads.add(threading.get_ident())
        return self._cameras.pixels if self._cameras.plugged_in else None

    def close(self) -> None:
        self._cameras.closed += 1
