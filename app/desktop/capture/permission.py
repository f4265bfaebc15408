"""Who asks for the camera. In a bundle Qt does; from a plain interpreter Qt denies, so OpenCV asks, on the main thread.

What macOS then asks about is the terminal. Elsewhere nobody asks.
"""

import sys
from collections.abc import Callable

from PySide6.QtCore import QCameraPermission, QObject, Qt
from PySide6.QtWidgets import QApplication

from app.camera import CameraDevice, Cameras, says_what_the_camera_is_for
from mlx_model.errors import InputError

TERMINAL = "macOS asks whether your terminal may use the camera: allow it, and its pictures come."
DENIED = "macOS does not let Smolsight use the camera: allow it in System Settings, Privacy & Security, Camera."


def ask_for_camera(
    cameras: Cameras,
    device: CameraDevice,
    size: tuple[int, int],
    context: QObject,
    granted: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Call `granted` when the camera may be opened, at once where nobody asks; `say` is told what the user must do."""
    if sys.platform != "darwin":
        granted()
        return
    if not says_what_the_camera_is_for():
        try:
            cameras.open(device, size).close()
        except InputError:
            say(TERMINAL)
        granted()
        return

    def hear(permission: QCameraPermission) -> None:
        if permission.status() == Qt.PermissionStatus.Granted:
            granted()
        else:
            say(DENIED)

    application = QApplication.instance()
    assert application is not None, "there is a window"
    application.requestPermission(QCameraPermission(), context, hear)
