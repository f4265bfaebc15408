"""One source that is watched, started and stopped: it rests while nobody looks, and begins anew after a sleep."""

import time
from enum import Enum

from PySide6.QtCore import QObject, QRect, QTimer, Signal
from PySide6.QtGui import QScreen

from app.camera import CameraDevice, Cameras
from app.desktop.background import Background
from app.desktop.capture.camera_feed import CameraFeed
from app.desktop.live.screen_feed import ScreenFeed
from app.desktop.live.watcher import Watcher
from app.live.frame import Frame
from app.live.power import on_battery

TICK_MS = 1000
SLEPT = 10.0  # seconds between two ticks: the machine was asleep
POWER_TICKS = 30  # between two looks at the battery
Source = tuple[CameraDevice, tuple[int, int]] | tuple[QScreen, QRect]


class State(Enum):
    """What becomes of the source."""

    OFF = "off"
    WATCHING = "watching"
    WAITING = "waiting"  # for its first frame, or for a camera that is gone
    RESTING = "resting"  # nobody looks, and nobody wants to be told anything


class Session(QObject):
    """`state_changed` when `state` has; `lost` says in a sentence why no frames come; `ticked` each second."""

    frame_came = Signal(object)
    state_changed = Signal()
    lost = Signal(str)
    ticked = Signal()

    def __init__(self, watcher: Watcher, cameras: Cameras, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._watcher, self._background = watcher, background
        self.state = State.OFF
        self._source: Source | None = None
        self._camera, self._screen = CameraFeed(cameras, self), ScreenFeed(self)
        for feed in (self._camera, self._screen):
            feed.frame_came.connect(self._take)
            feed.lost.connect(self._lose)
        self._ticks, self._ticked_at = 0, 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def start(self, source: Source) -> None:
        """Watch this from now on."""
        self._source = source
        self._ticks, self._ticked_at = 0, time.time()
        self._timer.start()
        self._look_at_power()
        self._begin()

    def stop(self) -> None:
        self._source = None
        self._timer.stop()
        self._end(State.OFF)

    def close(self) -> None:
        self.stop()
        self._camera.close()

    def rest(self, nobody_looks: bool) -> None:
        """Give the source back while nobody looks, unless somebody wants to be told something."""
        if self._source is None:
            return
        rests = nobody_looks and not self._watcher.triggers
        if rests and self.state is not State.RESTING:
            self._end(State.RESTING)
        elif not rests and self.state is State.RESTING:
            self._begin()

    def _begin(self) -> None:
        assert self._source is not None, "there is something to watch"
        self._end(State.WAITING)
        first, second = self._source
        if isinstance(first, CameraDevice):
            self._camera.start(first, second)  # type: ignore[arg-type]
        else:
            self._screen.start(first, second)  # type: ignore[arg-type]

    def _end(self, state: State) -> None:
        self._camera.stop()
        self._screen.stop()
        self._watcher.stop()
        self._become(state)

    def _take(self, frame: Frame) -> None:
        if self.state in (State.WATCHING, State.WAITING):
            self._become(State.WATCHING)
            self.frame_came.emit(frame)
            self._watcher.see(frame)

    def _lose(self, sentence: str) -> None:
        if self.state in (State.WATCHING, State.WAITING):
            self._become(State.WAITING)
            self.lost.emit(sentence)

    def _become(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.state_changed.emit()

    def _tick(self) -> None:
        now = time.time()
        slept, self._ticked_at = now - self._ticked_at > SLEPT, now
        self._ticks += 1
        if slept and self.state in (State.WATCHING, State.WAITING):
            self._begin()
        if self._ticks % POWER_TICKS == 0:
            self._look_at_power()
        self.ticked.emit()

    def _look_at_power(self) -> None:
        self._background.run(on_battery, self._save_power)

    def _save_power(self, is_on_battery: bool) -> None:
        self._watcher.saves_power = is_on_battery
