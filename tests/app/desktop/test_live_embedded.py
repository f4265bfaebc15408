"""Live with the embedded checkpoint: its words, from a camera's frames."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from app.desktop.application import begin, make_window
from app.desktop.live import section as live_section
from app.desktop.live.section import LiveSection
from app.desktop.place import place_in
from tests.app.desktop.conftest import SAMPLES
from tests.fake_cameras import FakeCameras


def scene(number: int) -> np.ndarray:
    with Image.open(SAMPLES / f"scene-{number}.png") as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.slow
def test_each_scene_gets_its_words_and_a_wish_its_answer(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras = FakeCameras(scene(1))
    monkeypatch.setattr(live_section, "SystemCameras", lambda: cameras)
    window = make_window(place_in(tmp_path), "embedded")
    qtbot.addWidget(window)
    begin(window)
    try:
        window.show_section("live")
        live = window.section("live")
        assert isinstance(live, LiveSection)
        qtbot.waitUntil(lambda: live.panel.device is not None)
        live.start()
        for number in (1, 2, 3):
            cameras.pixels = scene(number)
            qtbot.waitUntil(lambda number=number: len(live.watcher.log.entries) == number, timeout=60_000)  # type: ignore[misc]
        said = [entry.text for entry in live.watcher.log.entries]
        assert len(set(said)) == 3 and all(said)
    finally:
        window.close()
