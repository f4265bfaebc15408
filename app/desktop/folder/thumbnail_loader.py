"""Thumbnails for a grid: made on a thread, the newest wish first, and held in memory within a byte budget.

Wishes that scrolled away long ago are dropped, so that what is on the screen never waits behind what was.
"""

import time
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from app.desktop.background import Background
from app.thumbnails import Thumbnails

MEMORY_BYTES = 96 * 2**20  # some 200 pictures at 400 x 300 pixels
TOGETHER = 0.02  # seconds in which thumbnails are made before they are handed over
MOST_WISHES = 120  # more than any screen shows


class ThumbnailLoader(QObject):
    """`loaded` names a file whose thumbnail is there now, or of which there is none."""

    loaded = Signal(object)

    def __init__(self, thumbnails: Thumbnails | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails or Thumbnails()
        self._thread = Background("thumbnails", self)
        self._lock = Lock()
        self._wishes: dict[Path, None] = {}  # the newest last
        self._under_way: set[Path] = set()  # the thread's and the window's, under the lock
        self._held: OrderedDict[Path, QPixmap | None] = OrderedDict()
        self.held_bytes = 0
        self._is_making = False
        self._thread.run(self._thumbnails.trim)

    def get(self, path: Path) -> QPixmap | None:
        """The thumbnail, if it is there; else it is wished for. A null one stands for a file without a picture."""
        if path in self._held:
            self._held.move_to_end(path)
            return self._held[path] or QPixmap()
        with self._lock:
            if path in self._under_way:
                return None
            self._wishes.pop(path, None)
            self._wishes[path] = None
            if len(self._wishes) > MOST_WISHES:
                del self._wishes[next(iter(self._wishes))]
        self._begin()
        return None

    def close(self) -> None:
        self._thread.close()

    def _begin(self) -> None:
        """A few at a time come from the thread: each handing over costs the window as much as some drawing."""
        if not self._is_making:
            self._is_making = True
            self._thread.run(self._make, self._keep)

    def _make(self) -> list[tuple[Path, QImage]]:
        """On the thread: the newest wishes."""
        made: list[tuple[Path, QImage]] = []
        until = time.monotonic() + TOGETHER
        while not made or time.monotonic() < until:
            with self._lock:
                if not self._wishes:
                    break
                path, _ = self._wishes.popitem()
                self._under_way.add(path)
            try:
                made.append((path, QImage.fromData(self._thumbnails.of(path))))
            except Exception:  # damaged in whatever way: describing it says why
                made.append((path, QImage()))
        return made

    def _keep(self, made: list[tuple[Path, QImage]]) -> None:
        self._is_making = False
        with self._lock:
            self._under_way.difference_update(path for path, _ in made)
        for path, image in made:
            self._held[path] = None if image.isNull() else QPixmap.fromImage(image)
            self.held_bytes += _bytes(self._held[path])
            while self.held_bytes > MEMORY_BYTES:
                _, gone = self._held.popitem(last=False)
                self.held_bytes -= _bytes(gone)
            self.loaded.emit(path)
        if self._wishes:
            self._begin()


def _bytes(pixmap: QPixmap | None) -> int:
    return pixmap.width() * pixmap.height() * 4 if pixmap else 0
