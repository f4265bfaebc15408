"""One window a user: a second start hands its files to the first and ends, however close together they come.

A lock file decides who is the first, a local socket that only this user can open brings the others' files to it.
https://doc.qt.io/qt-6/qlockfile.html, https://doc.qt.io/qt-6/qlocalserver.html
"""

import getpass
import json
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from PySide6.QtCore import QDir, QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

PATIENCE_MS = 500
LONGEST_START = 5.0  # seconds in which the first start listens, once it has the lock
GLANCE = 0.02  # seconds
MOST_BYTES = 1 << 20
TAKEN = b"taken\n"


def server_name() -> str:
    """The same for every start by this user, no other's."""
    return f"smolsight-{sha256(f'{getpass.getuser()}:{Path.home()}'.encode()).hexdigest()[:16]}"


def claim(paths: Sequence[Path], parent: QObject, name: str | None = None) -> "SingleInstance | None":
    """Be the one that has the window; None where another has it and has got the files."""
    name = name or server_name()
    lock = QLockFile(f"{QDir.tempPath()}/{name}.lock")
    lock.setStaleLockTime(0)  # it holds as long as its process lives
    given_up = time.monotonic() + LONGEST_START
    while not hand_over(paths, name):
        # Without a lock rather than without a window, where there can be none or its owner never listens.
        if lock.tryLock(0) or lock.error() != QLockFile.LockError.LockFailedError or time.monotonic() > given_up:
            return SingleInstance(parent, name, lock)
        time.sleep(GLANCE)
    return None


def hand_over(paths: Sequence[Path], name: str) -> bool:
    """Give the files to a window that is open already; False where there is none, or it has just closed."""
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(PATIENCE_MS):
        return False
    socket.write(json.dumps([str(path.absolute()) for path in paths]).encode() + b"\n")
    socket.waitForBytesWritten(PATIENCE_MS)
    # One that is busy reads them later.
    taken = socket.waitForReadyRead(PATIENCE_MS) or socket.state() == QLocalSocket.LocalSocketState.ConnectedState
    socket.disconnectFromServer()
    return taken


class SingleInstance(QObject):
    """Listens for later starts. `called` has their files, none where the window is to come to the front."""

    called = Signal(list)

    def __init__(self, parent: QObject, name: str, lock: QLockFile) -> None:
        super().__init__(parent)
        self._lock = lock
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._accept)
        if not self._server.listen(name):
            QLocalServer.removeServer(name)  # left behind by one that was killed
            self._server.listen(name)

    def close(self) -> None:
        """Take no more; who is still waiting notices, and may be the next one."""
        self._server.close()
        for socket in self._server.findChildren(QLocalSocket):
            socket.abort()
        self._lock.unlock()

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
                socket.write(TAKEN)
                socket.flush()
                self.called.emit([Path(name) for name in names if isinstance(name, str)])
