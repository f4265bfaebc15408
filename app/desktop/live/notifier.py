"""Tells the user that a wish came true: a notification of the system where it shows any, and a line in the window."""

from PySide6.QtCore import QObject
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from app.desktop.status_line import StatusLine


class Notifier(QObject):
    """Its icon stands in the menu bar or tray from the first notification until `hide`."""

    def __init__(self, status: StatusLine, parent: QObject) -> None:
        super().__init__(parent)
        self._status = status
        self._tray: QSystemTrayIcon | None = None

    def tell(self, wish: str) -> None:
        sentence = f"You asked to be told: {wish}"
        self._status.say(sentence)
        if QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
            if self._tray is None:
                icon = QApplication.windowIcon()
                self._tray = QSystemTrayIcon(icon if not icon.isNull() else QIcon(), self)
                self._tray.setToolTip("Smolsight is watching")
            self._tray.show()
            self._tray.showMessage("Smolsight", sentence, self._tray.icon())

    def hide(self) -> None:
        if self._tray is not None:
            self._tray.hide()
