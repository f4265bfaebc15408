"""A part of the screen as a picture that the user chooses: on macOS by the system's tool, elsewhere on a frozen screen.

The window is out of sight meanwhile, so that it hides nothing; every screen can be chosen from.
https://ss64.com/mac/screencapture.html
"""

import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QRect, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage, QScreen
from PySide6.QtWidgets import QWidget

from app.desktop.capture.region import RegionChooser
from app.desktop.capture.screen import DENIED, UNSEEN, grab, may_see_screen

GONE_MS = 300  # until the window is off the screen and what was below it is drawn
TOOL = "/usr/sbin/screencapture"


class Screenshot(QObject):
    """One at a time: `taken` or `refused` with a sentence, or neither where the user changed his mind."""

    taken = Signal(QImage)
    refused = Signal(str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window

    def begin(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """The window closes."""


class FrozenScreenshot(Screenshot):
    """Shows every screen as it was a moment ago, and cuts out what is chosen of one."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._choosers: list[RegionChooser] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(GONE_MS)
        self._timer.timeout.connect(self._freeze)

    def begin(self) -> None:
        if not self._choosers and not self._timer.isActive():
            self._window.hide()
            self._timer.start()

    def close(self) -> None:
        self._timer.stop()
        self._put_away()

    def _freeze(self) -> None:
        pictures = [(screen, grab(screen)) for screen in QGuiApplication.screens()]
        self._choosers = [self._cover(screen, picture) for screen, picture in pictures if not picture.isNull()]
        if not self._choosers:
            self._window.show()
            self.refused.emit(UNSEEN)
            return
        for chooser in self._choosers:
            chooser.show()
        primary = QGuiApplication.primaryScreen()
        first = next((chooser for chooser in self._choosers if chooser.screen() is primary), self._choosers[0])
        first.activateWindow()
        first.setFocus()

    def _cover(self, screen: QScreen, picture: QImage) -> RegionChooser:
        chooser = RegionChooser(screen, picture, "takes it")
        chooser.chosen.connect(lambda _, area: self._take(chooser, area))
        chooser.cancelled.connect(self._end)
        return chooser

    def _take(self, chooser: RegionChooser, area: QRect) -> None:
        picture = chooser.picture_of(area)
        self._end()
        self.taken.emit(picture)

    def _end(self) -> None:
        self._put_away()
        self._window.show()
        self._window.activateWindow()

    def _put_away(self) -> None:
        choosers, self._choosers = self._choosers, []
        for chooser in choosers:
            chooser.close()


class MacScreenshot(Screenshot):
    """`screencapture -i`: crosshairs, Space for a window, Escape for none. Exits with 0 even where it may not see."""

    def __init__(self, window: QWidget, tool: str = TOOL) -> None:
        super().__init__(window)
        self._tool = tool
        self._process: QProcess | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def begin(self) -> None:
        if self._process is not None:
            return
        if not may_see_screen():
            self.refused.emit(DENIED)
            return
        self._folder = tempfile.TemporaryDirectory(prefix="smolsight-")
        self._process = QProcess(self)
        self._process.finished.connect(self._read)
        self._process.errorOccurred.connect(self._fail)
        self._process.start(self._tool, ["-i", "-x", "-t", "png", str(self._file)])

    def close(self) -> None:
        if self._process is not None:
            self._process.blockSignals(True)
            self._process.kill()
            self._process.waitForFinished(500)
            self._put_away()

    @property
    def _file(self) -> Path:
        assert self._folder is not None, "there is a folder while the tool runs"
        return Path(self._folder.name) / "screenshot.png"

    def _read(self) -> None:
        picture = QImage(str(self._file)) if self._file.exists() else QImage()
        self._put_away()
        if not picture.isNull():
            picture.setDevicePixelRatio(1.0)
            self.taken.emit(picture)

    def _fail(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._put_away()
            self.refused.emit(f"{self._tool} could not be started, so no screenshot was taken.")

    def _put_away(self) -> None:
        if self._process is not None:
            self._process.deleteLater()
        if self._folder is not None:
            self._folder.cleanup()
        self._process = self._folder = None


def make_screenshot(window: QWidget) -> Screenshot:
    """The way of this platform."""
    return MacScreenshot(window) if sys.platform == "darwin" else FrozenScreenshot(window)
