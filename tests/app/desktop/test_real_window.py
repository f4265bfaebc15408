"""A real window on a screen of its own: a file dragged in from another program, real keys, the words that it shows."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from tests.app.desktop.on_screen.files import MIDDLE
from tests.app.desktop.on_screen.reading import likeness
from tests.app.desktop.on_screen.screen import Screen, what_is_missing
from tests.conftest import ROOT

pytestmark = pytest.mark.alone

QUESTION = "What is in the top left corner?"
ANSWER = "A coconut."
OTHER = "A teapot!!"
READABLE = 0.85  # of 1.0: drawn alike
PICTURE = ROOT / "assets" / "samples" / "scene-2.png"


@contextmanager
def started(screen: Screen, module: str, *arguments: Path) -> Iterator[subprocess.Popen[str]]:
    """A program with a window on that screen; ended at the end, if it has not by itself."""
    command = [sys.executable, "-m", f"tests.app.desktop.on_screen.{module}", *map(str, arguments)]
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=screen.environment, **streams) as process:
        try:
            yield process
        finally:
            process.kill()


def heard(process: subprocess.Popen[str], state: str) -> dict[str, Any]:
    """What the window says once it has come to that state."""
    assert process.stdout is not None and process.stderr is not None
    for line in process.stdout:
        said: dict[str, Any] = json.loads(line)
        if said["state"] == state:
            return said
    reason = process.stderr.read()
    if "xcb" in reason and "Could not load" in reason:
        pytest.skip("needs the libraries of Qt's xcb plugin, libxcb-cursor0 among them")
    raise AssertionError(f"the window ended before it was {state}: {reason}")


@pytest.mark.slow
@pytest.mark.skipif(bool(what_is_missing()), reason=what_is_missing())
def test_a_dragged_picture_and_a_typed_question_are_answered_on_the_screen(tmp_path: Path, qapp: QApplication) -> None:
    """The embedded checkpoint; Ctrl-Q at the end closes it cleanly."""
    with (
        Screen(tmp_path / "screen") as screen,
        started(screen, "files", PICTURE) as files,
        started(screen, "window", tmp_path / "place") as window,
    ):
        ready = heard(window, "ready")
        assert files.stdout is not None and files.stdout.readline() == "shown\n"
        screen.drag(MIDDLE, tuple(ready["drop"]))
        attached = heard(window, "attached")
        assert attached["names"] == ["scene-2.png"]
        # There is no window manager that would give the window the keys.
        screen.do("windowfocus", "--sync", ready["window"], "mousemove", *attached["edit"], "click", 1, "sleep", 0.3)
        screen.do("type", "--delay", 15, QUESTION)
        heard(window, "typing")
        screen.do("sleep", 0.3, "key", "Return")
        answered = heard(window, "answered")
        assert (answered["question"], answered["answer"]) == (QUESTION, ANSWER)
        font = (ready["family"], ready["pixels"])
        until = time.monotonic() + 10
        while likeness(screen.pixels(), ANSWER, *font) < READABLE and time.monotonic() < until:
            time.sleep(0.1)
        shown = screen.pixels()
        assert likeness(shown, ANSWER, *font) >= READABLE
        assert likeness(shown, QUESTION, *font) >= READABLE
        assert likeness(shown, OTHER, *font) < READABLE
        screen.do("key", "ctrl+q")
        assert window.wait(20) == 0
