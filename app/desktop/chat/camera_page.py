"""A camera's picture in place of the talk, until one is taken or the user changes his mind."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.camera import SIZES, CameraDevice, Cameras
from app.desktop.announce import announce
from app.desktop.background import Background
from app.desktop.capture.camera_feed import CameraFeed
from app.desktop.capture.permission import ask_for_camera
from app.desktop.capture.preview import Preview
from app.desktop.theme.icons import give_icon

SIZE = SIZES[-1]  # one picture, as large as it comes: the detail decides how closely it is looked at
NONE = "No camera was found: plug one in, or drop, paste or open a picture."
WAITS = "Waiting for the first picture."


class CameraPage(QWidget):
    """`taken` has a Frame; `left` when the page is to go; `refused` says in a sentence why there is no picture."""

    taken = Signal(object)
    left = Signal()
    refused = Signal(str)

    def __init__(self, cameras: Cameras, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Window)
        self._cameras, self._background = cameras, background
        self._is_open = False
        self._feed = CameraFeed(cameras, self)
        self._feed.frame_came.connect(self._show)
        self._feed.lost.connect(lambda sentence: self._wait("No picture", sentence))
        self.preview = Preview("The camera's picture", "camera")
        self.choice = QComboBox()
        self.choice.setAccessibleName("Camera")
        self.choice.view().setAccessibleName("Camera")
        self.choice.setToolTip("Which camera")
        self.choice.setMinimumSize(180, 32)
        self.choice.activated.connect(self._start)
        self.take = _button("Take Picture", "camera", "Take this picture (Enter)")
        self.take.clicked.connect(self._take)
        self.cancel = _button("Cancel", "close", "Back without a picture (Esc)")
        self.cancel.clicked.connect(self.close_camera)
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 10, 16, 12)
        bar.setSpacing(10)
        bar.addWidget(self.choice)
        bar.addStretch(1)
        bar.addWidget(self.cancel)
        bar.addWidget(self.take)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.preview, 1)
        column.addLayout(bar)

    def open_camera(self) -> None:
        """List the cameras and show the first one's picture."""
        self._is_open = True
        self.choice.clear()
        self._wait("One moment", "Looking for a camera.")
        self.cancel.setFocus()
        self._background.run(self._cameras.list, self._offer)

    def close_camera(self) -> None:
        """Give the camera back, and go."""
        if self._is_open:
            self._is_open = False
            self._feed.stop()
            self.left.emit()

    def close_down(self) -> None:
        self._is_open = False
        self._feed.close()

    def _offer(self, devices: list[CameraDevice]) -> None:
        if not self._is_open:
            return
        if not devices:
            self.refused.emit(NONE)
            self.close_camera()
            return
        for device in devices:
            self.choice.addItem(device.name, device)
        self.choice.setEnabled(len(devices) > 1)
        self._start()

    def _start(self) -> None:
        device: CameraDevice = self.choice.currentData()
        self._wait("One moment", WAITS)

        def granted() -> None:
            if self._is_open and self.choice.currentData() == device:
                self._feed.start(device, SIZE)

        ask_for_camera(self._cameras, device, SIZE, self, granted, self.refused.emit)

    def _wait(self, title: str, sentence: str) -> None:
        self.preview.say(title, sentence)
        self.take.setEnabled(False)

    def _show(self, frame: object) -> None:
        if not self._is_open:
            return
        self.preview.show_frame(frame)  # type: ignore[arg-type]
        if not self.take.isEnabled():
            self.take.setEnabled(True)
            self.take.setFocus()
            announce(self, f"{self.choice.currentText()} is on: Enter takes its picture, Escape goes back.")

    def _take(self) -> None:
        if (frame := self.preview.frame_shown) is not None:
            self.close_camera()
            self.taken.emit(frame)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_camera()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take()
        else:
            super().keyPressEvent(event)


def _button(title: str, icon: str, tip: str) -> QPushButton:
    button = QPushButton(title)
    button.setAccessibleName(title)
    button.setToolTip(tip)
    button.setMinimumSize(110, 32)
    give_icon(button, icon)
    return button
