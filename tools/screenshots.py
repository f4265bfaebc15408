"""`make screenshots`: every scene of the app, light and dark, into docs/screenshots.

A real window and the real engine with the embedded checkpoint; on Linux on a screen of its own (Xvfb).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"
SCREEN = ["xvfb-run", "--auto-servernum", "--server-args=-screen 0 1920x1080x24 -dpi 96"]


def main() -> None:
    from app.desktop.screenshots.scenes import SCENES

    if sys.platform == "linux" and shutil.which(SCREEN[0]) is None:
        sys.exit("Screenshots need a screen of their own here: install xvfb (apt-get install xvfb libxcb-cursor0).")
    FOLDER.mkdir(exist_ok=True)
    for scene in SCENES:
        for looks in ("light", "dark"):
            out = FOLDER / f"{scene}-{looks}.png"
            command = [sys.executable, "-m", "app.cli.main", "app", "--model", "embedded", "--screenshot", str(out)]
            command += ["--scene", scene, *(["--dark"] if looks == "dark" else [])]
            screen = SCREEN if sys.platform == "linux" else []
            environment = {**os.environ, "QT_QPA_PLATFORM": "xcb"} if screen else None
            subprocess.run([*screen, *command], cwd=ROOT, check=True, env=environment)
            print(out.relative_to(ROOT))


if __name__ == "__main__":
    main()
