"""Opens a window, prepares a scene in it, takes its picture, closes it. Touches nothing of the user's."""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from app.desktop.application import begin, make_application, make_window
from app.desktop.place import place_in
from app.desktop.screenshots.scenes import SCENES, Scene
from app.desktop.window import MainWindow
from mlx_model.errors import SmolsightError

TICK_MS = 30
SETTLE_MS = 500
PATIENCE = 120.0  # seconds


class Photographer(QObject):
    """Goes through the steps of a scene and saves the picture. `problem` says what went wrong, if anything did."""

    def __init__(self, window: MainWindow, scene: Scene, files: Sequence[Path], out: Path) -> None:
        super().__init__(window)
        self._window, self._scene, self._out = window, scene, out
        self._steps = scene.prepare(window, files)
        self._condition = next(self._steps, None)
        self._until = time.monotonic() + PATIENCE
        self.problem = ""
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(TICK_MS)

    def _look(self) -> None:
        if time.monotonic() > self._until:
            status = self._window.services.status.text
            self._end(f"The scene was not ready after {PATIENCE:.0f} s. {status}".strip())
        elif self._condition is None:
            self._timer.stop()
            QTimer.singleShot(SETTLE_MS, self._take)
        elif self._condition():
            self._condition = next(self._steps, None)

    def _take(self) -> None:
        picture = self._scene.target(self._window).grab()
        saved = picture.save(str(self._out))
        self._end("" if saved else f"{self._out} could not be written.")

    def _end(self, problem: str) -> None:
        self._timer.stop()
        self.problem = problem
        self._window.close()


def take_screenshot(
    out: Path, scene: str, files: Sequence[Path], model: str | None, *, dark: bool, size: tuple[int, int] | None = None
) -> None:
    """Write the picture of a scene to `out`. Raises SmolsightError where there is none in the end."""
    application = make_application(dark=dark)
    with tempfile.TemporaryDirectory(prefix="smolsight-", ignore_cleanup_errors=True) as folder:
        os.environ["SMOLSIGHT_CACHE"] = folder  # what was answered before would come at once, and not as it is shown
        window = make_window(place_in(Path(folder)), model)
        if size is not None:
            window.resize(*size)
        begin(window)
        photographer = Photographer(window, SCENES[scene], files, out)
        application.exec()
        window.services.wait()
    if photographer.problem:
        raise SmolsightError(photographer.problem)
