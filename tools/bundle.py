"""`make bundle`: Smolsight.app in a .dmg, with Briefcase. Only a Mac can make it, and only a Mac can run it."""

import subprocess
import sys
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[1]
ICON = ROOT / "build" / "smolsight.icns"
PIXELS = 1024
STEPS = (
    ["create", "macOS", "--no-input"],
    ["build", "macOS", "--no-input"],
    ["package", "macOS", "--adhoc-sign", "--packaging-format", "dmg", "--no-input"],
)


def main() -> None:
    if sys.platform != "darwin":
        sys.exit("make bundle needs a Mac: Briefcase builds and signs a macOS app with Apple's own tools.")
    draw_icon(ICON)
    for step in STEPS:
        subprocess.run([sys.executable, "-m", "briefcase", *step], cwd=ROOT, check=True)


def draw_icon(file: Path) -> None:
    """The app's icon in every size that macOS shows."""
    from PIL import Image
    from PySide6.QtCore import QBuffer, QIODevice, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    drawn = QImage(PIXELS, PIXELS, QImage.Format.Format_ARGB32)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    QSvgRenderer(str(ROOT / "assets" / "icons" / "smolsight.svg")).render(painter)
    painter.end()
    png = QBuffer()
    png.open(QIODevice.OpenModeFlag.WriteOnly)
    drawn.save(png, "PNG")  # type: ignore[call-overload]
    file.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(BytesIO(bytes(png.data().data()))) as image:
        image.save(file, "ICNS")


if __name__ == "__main__":
    main()
