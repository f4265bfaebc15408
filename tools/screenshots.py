"""`make screenshots`: every scene of the app, light and dark, into docs/screenshots.

    python -m tools.screenshots [SCENE]...

A real window and the real engine with the embedded checkpoint, and no other model; on Linux on a screen of its own
(Xvfb). The pictures are kept small: 256 colours each.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"
SCREEN = ["xvfb-run", "--auto-servernum", "--server-args=-screen 0 1920x1080x24 -dpi 96"]
PACKAGES = "xvfb xauth libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxkbcommon-x11-0 libegl1"
COLOURS = 256


def main() -> None:
    from app.desktop.screenshots.scenes import SCENES

    if sys.platform == "linux" and shutil.which(SCREEN[0]) is None:
        sys.exit(f"Screenshots need a screen of their own here: apt-get install {PACKAGES}")
    FOLDER.mkdir(exist_ok=True)
    for scene in sys.argv[1:] or SCENES:
        for looks in ("light", "dark"):
            out = FOLDER / f"{scene}-{looks}.png"
            take(scene, out, dark=looks == "dark")
            sys.stdout.write(f"{out.relative_to(ROOT)}, {shrink(out):,} bytes\n")


def take(scene: str, out: Path, *, dark: bool) -> None:
    command = [sys.executable, "-m", "app.cli.main", "app", "--model", "embedded", "--screenshot", str(out)]
    command += ["--scene", scene, *(["--dark"] if dark else [])]
    with tempfile.TemporaryDirectory(prefix="smolsight-") as folder:
        environment = {**os.environ, "SMOLSIGHT_MODELS": f"{folder}/models", "HF_HOME": f"{folder}/hub"}
        if sys.platform == "linux":
            command, environment["QT_QPA_PLATFORM"] = [*SCREEN, *command], "xcb"
        subprocess.run(command, cwd=ROOT, check=True, env=environment)


def shrink(path: Path) -> int:
    """Fewer colours where nobody sees them; the file's bytes then."""
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    return path.stat().st_size


if __name__ == "__main__":
    main()
