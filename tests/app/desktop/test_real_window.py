"""A real window on a screen of its own (Xvfb): real keys, a real click, the embedded checkpoint, its words."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import ROOT

SCREEN = ["xvfb-run", "--auto-servernum", "--server-args=-screen 0 1440x900x24 -dpi 96"]
ANSWER = "A coconut."
NEEDED = ("xvfb-run", "xdotool")

# The user: types with the keyboard of the X server, not through Qt.
USER = """
import subprocess, sys
from functools import partial
from pathlib import Path
from PySide6.QtCore import QTimer
from app.desktop.application import begin, make_application, make_window
from app.desktop.place import place_in

def tool(*arguments):
    subprocess.Popen(["xdotool", *arguments])

application = make_application()
window = make_window(place_in(Path(sys.argv[1])), "embedded")
begin(window)
chat = window.section("chat")
typed = False

def look():
    global typed
    turns = chat.chat.turns
    if not typed and (window.services.models.sight is None or not chat.composer.media):
        return
    if not typed:
        typed = True
        edit = chat.composer.edit
        where = edit.mapToGlobal(edit.rect().center())
        # There is no window manager that would give the window the keys.
        tool("windowfocus", str(int(window.winId())))
        tool("mousemove", str(where.x()), str(where.y()), "click", "1", "sleep", "0.3",
             "type", "--delay", "20", "What is in the top left corner?")
        QTimer.singleShot(3000, partial(tool, "key", "Return"))
    elif turns and not turns[0].is_open:
        timer.stop()
        window.grab().save(sys.argv[3])
        print(turns[0].question)
        print(turns[0].answer)
        window.close()

timer = QTimer()
timer.timeout.connect(look)
timer.start(50)
window.take([Path(sys.argv[2])])
QTimer.singleShot(40000, window.close)
application.exec()
"""


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux" or any(shutil.which(name) is None for name in NEEDED),
    reason="needs Linux with xvfb and xdotool",
)
def test_what_is_typed_with_real_keys_is_answered_on_the_screen(tmp_path: Path) -> None:
    picture = ROOT / "assets" / "samples" / "scene-2.png"
    shot = tmp_path / "window.png"
    done = subprocess.run(
        [*SCREEN, sys.executable, "-c", USER, str(tmp_path / "place"), str(picture), str(shot)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "xcb"},
        capture_output=True,
        text=True,
        timeout=110,
    )
    if "xcb" in done.stderr and "Could not load" in done.stderr:
        pytest.skip("needs the libraries of Qt's xcb plugin, libxcb-cursor0 among them")
    assert done.stdout.splitlines()[:2] == ["What is in the top left corner?", ANSWER], done.stderr
    with Image.open(shot) as window:
        assert window.width >= 900 and len(window.convert("RGB").getcolors(1 << 24) or ()) > 100
