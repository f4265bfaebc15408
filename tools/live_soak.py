"""Runs Live for some minutes on a synthetic camera and says how much memory it came to take.

    python -m tools.live_soak --minutes 10

The embedded checkpoint answers; the camera shows moving scenes, another every two seconds. Growth is measured from the
second half minute on, when the model and its buffers are there. Exit code 1 where it is above the limit.
"""

import argparse
import os
import sys
import time
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PIL import Image
from PySide6.QtCore import QTimer

import assets
from app.camera import Camera, CameraDevice
from app.desktop.application import begin, make_application, make_window
from app.desktop.live import section
from app.desktop.place import place_in

LIMIT_MB = 20.0
WARM_UP = 30.0  # seconds
SCENE = 2.0  # seconds
RATE = 30  # frames a second


class SyntheticCameras:
    """One camera of 1280 x 720 that pans over the sample pictures, with noise."""

    def list(self) -> list[CameraDevice]:
        return [CameraDevice(0, "Synthetic camera")]

    def open(self, device: CameraDevice, size: tuple[int, int]) -> Camera:
        return _SyntheticCamera(size)


class _SyntheticCamera:
    def __init__(self, size: tuple[int, int]) -> None:
        samples = sorted(assets.path("samples").glob("*.png"))
        self._scenes = [np.asarray(Image.open(path).convert("RGB").resize(size)) for path in samples]
        self._noise = np.random.default_rng(0)

    def read(self) -> np.ndarray | None:
        time.sleep(1 / RATE)
        now = time.monotonic()
        shown = np.roll(self._scenes[int(now / SCENE) % len(self._scenes)], int(now * 40) % 1280, axis=1)
        return shown ^ self._noise.integers(0, 4, (1, shown.shape[1], 1), dtype=np.uint8)

    def close(self) -> None:
        pass


def resident_mb() -> float:
    """What this process holds of the machine's memory, from Linux's `/proc`."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--limit", type=float, default=LIMIT_MB, help="megabytes that it may grow by")
    minutes, limit = vars(parser.parse_args()).values()
    application = make_application(dark=False)
    window = make_window(place_in(Path(mkdtemp(prefix="smolsight-"))), "embedded")
    begin(window)
    with patch.object(section, "SystemCameras", SyntheticCameras):
        window.show_section("live")
    live = window.section("live")
    assert isinstance(live, section.LiveSection)
    measured: list[tuple[float, float]] = []
    begun = time.monotonic()

    def measure() -> None:
        after = time.monotonic() - begun
        if live.panel.device is not None and live.toggle.text() == "Start":
            live.start()
        measured.append((after, resident_mb()))
        if after >= minutes * 60:
            window.close()
            application.quit()

    timer = QTimer(window)
    timer.timeout.connect(measure)
    timer.start(1000)
    application.exec()
    warm = [mb for after, mb in measured if after >= min(WARM_UP, minutes * 30)]
    tenth = max(len(warm) // 10, 1)
    growth = sum(warm[-tenth:]) / tenth - sum(warm[:tenth]) / tenth
    entries = len(live.watcher.log.entries)
    sys.stdout.write(
        f"{measured[-1][0]:.0f} s, {entries} entries, {live.watcher.unchanged} frames unchanged; "
        f"{warm[0]:.0f} MB warm, {warm[-1]:.0f} MB at the end, {growth:+.1f} MB; limit {limit:g} MB\n"
    )
    return int(growth > limit or not entries)


if __name__ == "__main__":
    sys.exit(main())
