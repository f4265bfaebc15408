"""One window a user: a second start hands its files to the first and ends.

Over a local socket that only this user can open. https://doc.qt.io/qt-6/qlocalserver.html
"""

import getpass
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

PATIENCE_MS = 500
MOST_BYTES = 1 << 20


def server_name() -> str:
    """The same for every start by this user, no other's."""
    return f"smolsight-{sha256(f'{getpass.getuser()}:{Path.home()}'.encode()).hexdigest()[:16]}"


def hand_over(paths: Sequence[Path], name: str | None = None) -> bool:
    """Give the files to a window that is open already; False where there is none."""
    socket = QLocalSocket()
    socket.connectToServer(name or server_name())
    if not socket.waitForConnected(PATIENCE_MS):
        return False
    socket.write(json.dumps([str(path.absolute()) for path in paths]).encode() + b"\n")
    handed = socket.waitForBytesWritten(PATIENCE_MS)
    socket.disconnectFromServer()
    return handed


class SingleInstance(QObject):
    """Listens for later starts. `called` has their files, none where the window is to come to the front."""

    called = Signal(list)

    def __init__(self, parent: QObject, name: str | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._accept)
        name = name or server_name()
        if not self._server.listen(name):
            QLocalServer.removeServer(name)  # left behind by one that was killed
            self._server.listen(name)

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(self._read)
            socket.disconnected.connect(socket.deleteLater)
            if socket.canReadLine():
                self._read_from(socket)

    def _read(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._read_from(socket)

    def _read_from(self, socket: QLocalSocket) -> None:
        if socket.bytesAvailable() > MOST_BYTES:
            socket.abort()
        elif socket.canReadLine():
            try:
                names = json.loads(bytes(socket.readLine().data()))
            except ValueError:
                return
            if isinstance(names, list):
                self.called.emit([Path(name) for name in names if isinstance(name, str)])
