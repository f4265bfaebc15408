"""Reads an answer out, with the voice that macOS has; elsewhere screen readers do that."""

import shutil
import sys

from PySide6.QtCore import QObject, QProcess


class Speech(QObject):
    """One answer at a time: a new one ends the one before."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._program = shutil.which("say") if sys.platform == "darwin" else None
        self._process: QProcess | None = None

    @property
    def is_possible(self) -> bool:
        return self._program is not None

    def say(self, text: str) -> None:
        self.stop()
        if self._program is None:
            return
        self._process = QProcess(self)
        # Through its input: words are no options, and no shell sees them.
        self._process.start(self._program, ["-f", "-"])
        self._process.write(text.encode())
        self._process.closeWriteChannel()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.waitForFinished(500)
            self._process.deleteLater()
            self._process = None
