"""The ways in which pictures and clips come into a chat: files, the clipboard, a drag, the screen, a camera.

What comes is opened off the window's thread, in its order. Knows no conversation.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QAction, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from app.desktop import intake
from app.desktop.capture.screenshot import Screenshot, make_screenshot
from app.desktop.services import Services
from app.desktop.shown_medium import ShownMedium, open_pasted, open_shown, show_picture
from app.desktop.theme.icons import give_icon
from mlx_model.errors import SmolsightError

if TYPE_CHECKING:
    from app.desktop.chat.camera_page import CameraPage
    from app.live.frame import Frame

SCREENSHOT = "Screenshot"
CAMERA = "Camera picture"


class MediaSources(QObject):
    """`came` has a ShownMedium, `too_many` the folders and files that hold more than one question can be about.

    `camera` is a page to show from `camera_opened` to `camera_left`, None before.
    """

    came = Signal(object)
    too_many = Signal(list)
    camera_opened = Signal()
    camera_left = Signal()

    def __init__(self, services: Services, parent: QWidget) -> None:
        super().__init__(parent)
        self._services, self._parent = services, parent
        self.camera: CameraPage | None = None
        self._screenshot: Screenshot | None = None
        self.actions = tuple(
            self._action(name, title, tip, wanted)
            for name, title, tip, wanted in (
                ("open", "Open", "Open pictures or clips (Ctrl+O)", self.choose_files),
                ("paste", "Paste", "Paste a picture or files (Ctrl+V)", self.paste),
                ("screenshot", "Screenshot", "Take a part of the screen (Ctrl+Shift+2)", self.take_screenshot),
                ("camera", "Camera", "Take a picture with a camera (Ctrl+Shift+1)", self.open_camera),
            )
        )

    def take(self, paths: Sequence[Path]) -> None:
        self._take(intake.from_paths(list(paths)))

    def take_mime(self, mime: QMimeData) -> None:
        self._take(intake.take(mime))

    def paste(self) -> None:
        self.take_mime(QGuiApplication.clipboard().mimeData())

    def choose_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self._parent, "Open pictures or clips")
        if names:
            self.take([Path(name) for name in names])

    def take_screenshot(self) -> None:
        if self._screenshot is None:
            self._screenshot = make_screenshot(self._parent.window())
            self._screenshot.taken.connect(self._take_screenshot)
            self._screenshot.refused.connect(self._services.status.say)
        self._screenshot.begin()

    def open_camera(self) -> None:
        if self.camera is None:
            self.camera = self._make_camera()
        self.camera_opened.emit()
        self.camera.open_camera()

    def leave(self) -> None:
        """Something else is shown: no camera stays open."""
        if self.camera is not None:
            self.camera.close_camera()

    def close_down(self) -> None:
        if self.camera is not None:
            self.camera.close_down()
        if self._screenshot is not None:
            self._screenshot.close()

    def open(self, make: Callable[[], ShownMedium]) -> None:
        """Have a medium made in the background, and bring it in."""
        self._services.files.run(make, self.came.emit, self._refuse)

    def _make_camera(self) -> "CameraPage":
        # Late, since what they import would delay the window.
        from app.camera import SystemCameras
        from app.desktop.chat.camera_page import CameraPage

        page = CameraPage(SystemCameras(), self._services.files)
        page.refused.connect(self._services.status.say)
        page.taken.connect(self._take_frame)
        page.left.connect(self.camera_left)
        return page

    def _take(self, taken: intake.Intake) -> None:
        if taken.problem:
            self._services.status.say(taken.problem)
        if taken.many:
            self.too_many.emit(list(taken.many))
        for path in taken.paths:
            self.open(partial(open_shown, path))
        if taken.image is not None:
            self.open(partial(open_pasted, taken.image))

    def _take_screenshot(self, image: QImage) -> None:
        self.open(partial(open_pasted, image, SCREENSHOT))

    def _take_frame(self, frame: "Frame") -> None:
        self.open(lambda: show_picture(frame.image, CAMERA))

    def _refuse(self, error: Exception) -> None:
        known = isinstance(error, SmolsightError)
        self._services.status.say(str(error) if known else f"This could not be opened: {error}")

    def _action(self, icon: str, title: str, tip: str, wanted: Callable[[], None]) -> QAction:
        action = QAction(title, self)
        action.setToolTip(tip)
        action.triggered.connect(lambda: wanted())
        give_icon(action, icon)
        return action
