"""A screen without a monitor (Xvfb), its pointer and keys (xdotool), and what can be read on it.

What it shows is read from the server's own frame buffer, so nothing is asked of the program under test.
https://www.x.org/releases/X11R7.7/doc/man/man1/xwd.1.xhtml has the buffer's form.
"""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

SIZE = (1440, 900)
PROGRAMS = ("Xvfb", "xdotool")
HEADER = struct.Struct(">25I")


def what_is_missing() -> str:
    """Why there can be no screen here; empty where there can."""
    if sys.platform != "linux":
        return "needs Linux: elsewhere there is no Xvfb"
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"needs {' and '.join(missing)}" if missing else ""


class Screen:
    """One server, for the length of a `with`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        self._folder.mkdir()
        ours, theirs = os.pipe()
        width, height = SIZE
        command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", f"{width}x{height}x24", "-dpi", "96"]
        command += ["-nolisten", "tcp", "-fbdir", str(self._folder)]
        self._server = subprocess.Popen(command, pass_fds=[theirs], stderr=subprocess.DEVNULL)
        os.close(theirs)
        with os.fdopen(ours) as said:
            number = said.readline().strip()
        assert number, "Xvfb did not start"
        self.environment = {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.terminate()
        self._server.wait()

    def do(self, *actions: object) -> None:
        """One chain of xdotool's actions, to its end."""
        words = [str(action) for action in actions]
        subprocess.run(["xdotool", *words], env=self.environment, check=True, timeout=30)

    def drag(self, start: tuple[int, int], end: tuple[int, int], steps: int = 12) -> None:
        """Press the button at one place, move as a hand does, let go at another."""
        moves: list[object] = []
        for step in range(1, steps + 1):
            at = [a + (b - a) * step // steps for a, b in zip(start, end, strict=True)]
            moves += ["mousemove", *at, "sleep", 0.03]
        self.do("mousemove", *start, "sleep", 0.1, "mousedown", 1, "sleep", 0.2, *moves, "sleep", 0.2, "mouseup", 1)

    def pixels(self) -> np.ndarray:
        """What it shows now, grey uint8 [H, W]."""
        content = (self._folder / "Xvfb_screen0").read_bytes()
        header = HEADER.unpack_from(content)
        size, width, height, line, colours = header[0], header[4], header[5], header[12], header[19]
        rows = np.frombuffer(content, np.uint8, line * height, size + 12 * colours)
        shown = rows.reshape(height, line // 4, 4)[:, :width, :3]
        return shown.mean(axis=2).astype(np.uint8)
