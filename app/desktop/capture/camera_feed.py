"""A camera's frames in the window's thread: the newest alone, and again when a lost camera is back.

The camera is read on a plain thread of its own, since reading waits for the next frame. What the window has not taken
yet is replaced, never queued.
"""

import threading
import time

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.camera import Camera, CameraDevice, Cameras
from app.live.frame import Frame, make_frame
from mlx_model.errors import InputError

AGAIN = 2.0  # seconds between two tries to open a camera that is not there
FASTEST = 1 / 30  # seconds between two frames that are shown
PATIENCE = 1.5  # seconds to wait for the reading thread when the window closes


class CameraFeed(QObject):
    """`frame_came` from `start` to `stop`; `lost` has a sentence, once, until frames come again."""

    frame_came = Signal(object)
    lost = Signal(str)
    _ready = Signal()
    _gone = Signal(str, object)

    def __init__(self, cameras: Cameras, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cameras = cameras
        self._newest: Frame | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._ready.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._gone.connect(self._tell_lost, Qt.ConnectionType.QueuedConnection)

    def start(self, device: CameraDevice, size: tuple[int, int]) -> None:
        self.stop()
        self._stop = threading.Event()
        before = self._thread  # two cannot hold one camera
        args = (device, size, self._stop, before)
        self._thread = threading.Thread(target=self._run, args=args, name="camera")
        self._thread.start()

    def stop(self) -> None:
        """No frame comes any more; the camera is given back a moment later."""
        self._stop.set()
        with self._lock:
            self._newest = None

    def close(self) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def _run(
        self, device: CameraDevice, size: tuple[int, int], stop: threading.Event, before: threading.Thread | None
    ) -> None:
        if before is not None:
            before.join()
        told = False
        while not stop.is_set():
            try:
                camera = self._cameras.open(device, size)
            except InputError as error:
                if not told:
                    self._gone.emit(str(error), stop)
                    told = True
                stop.wait(AGAIN)
                continue
            if self._read(camera, stop):
                told = False
            if not stop.is_set() and not told:
                self._gone.emit(f"{device.name} gives no pictures any more; they come again when it is back.", stop)
                told = True
                stop.wait(AGAIN)

    def _read(self, camera: Camera, stop: threading.Event) -> bool:
        """Hand frames over until there are none; whether there was any."""
        came = False
        try:
            while not stop.is_set():
                begin = time.monotonic()
                if (pixels := camera.read()) is None:
                    return came
                came = True
                self._hand_over(make_frame(pixels, time.time()), stop)
                stop.wait(max(FASTEST - (time.monotonic() - begin), 0))
        finally:
            camera.close()
        return came

    def _hand_over(self, frame: Frame, stop: threading.Event) -> None:
        with self._lock:
            waits = self._newest is not None
            if not stop.is_set():
                self._newest = frame
        if not waits and not stop.is_set():
            self._ready.emit()

    @Slot()
    def _take(self) -> None:
        with self._lock:
            frame, self._newest = self._newest, None
        if frame is not None:
            self.frame_came.emit(frame)

    @Slot(str, object)
    def _tell_lost(self, sentence: str, stop: threading.Event) -> None:
        if stop is self._stop and not stop.is_set():
            self.lost.emit(sentence)
