"""The main states of the window look as they did: pictures of it against kept ones, on Linux, where the font is known.

Both are made a sixth as large, so that a font's hinting does not matter but every edge, colour and place does. After a
change that is wanted: SMOLSIGHT_WRITE_SNAPSHOTS=1 .venv/bin/pytest tests/app/desktop/test_snapshots.py, then look at
tests/fixtures/snapshots.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QFontDatabase, QImage
from PySide6.QtWidgets import QApplication

from app.desktop.live.section import LiveSection
from app.desktop.settings.dialog import show_settings
from app.desktop.theme.palettes import palette
from mlx_model.events import TextDelta
from tests.app.desktop.conftest import SAMPLES, Desk, MakeDesk
from tests.app.desktop.test_models_section import models
from tests.conftest import ROOT
from tests.fake_cameras import FakeCameras
from tests.fake_engine import Script

FOLDER = ROOT / "tests" / "fixtures" / "snapshots"
SIZE = (1000, 640)
SMALLER = 6
NOTICEABLE = 24  # of 255, in one small pixel
MOST_NOTICEABLE = 0.006  # of all small pixels: a date, a blinking caret
ANSWER = "**Two things**: a coconut at the top left, and a helicopter at the bottom."

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fonts differ elsewhere")


def empty(desk: Desk) -> None:
    desk.chat.empty.show_notice("The embedded model knows drawn things alone.", None)


def answered(desk: Desk) -> None:
    desk.attach(SAMPLES / "scene-2.png")
    desk.ask("What is it?")


def answering(desk: Desk) -> None:
    desk.attach(SAMPLES / "scene-4.png", SAMPLES / "scene-5.png")
    desk.chat.chat.ask("What is it?", tuple(desk.chat.composer.media))
    desk.chat.composer.clear()
    desk.qtbot.waitUntil(lambda: bool(desk.chat.chat.turns[0].answer))


def live(desk: Desk) -> None:
    desk.window.show_section("live")
    section = desk.window.section("live")
    assert isinstance(section, LiveSection)
    desk.qtbot.waitUntil(lambda: section.panel.device is not None)


def shelf(desk: Desk) -> None:
    models(desk)


def settings(desk: Desk) -> None:
    show_settings(desk.window)


STATES: dict[str, Callable[[Desk], None]] = {
    state.__name__: state for state in (empty, answered, answering, live, shelf, settings)
}


@pytest.fixture(params=["light", "dark"])
def looks(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    if "DejaVu Sans" not in QFontDatabase.families() or qapp.font().family() != "DejaVu Sans":
        pytest.skip(f"the kept pictures are in DejaVu Sans, this machine's font is {qapp.font().family()}")
    before, blinking = qapp.palette(), qapp.cursorFlashTime()
    qapp.setPalette(palette(request.param))
    qapp.setCursorFlashTime(0)
    yield request.param
    qapp.setPalette(before)
    qapp.setCursorFlashTime(blinking)


@pytest.mark.parametrize("state", STATES)
def test_it_looks_as_it_did(
    state: str, looks: str, make_desk: MakeDesk, cameras: FakeCameras, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("app.shelf.facts.total_memory", lambda: 16_000_000_000)
    monkeypatch.setattr("app.shelf.facts._free", lambda place: 100_000_000_000)
    held = TextDelta("**Two things**: ") if state == "answering" else None
    desk = make_desk(Script(("**Two things**: ", ANSWER.partition(": ")[2]), hold_after=held))
    desk.window.resize(*SIZE)
    STATES[state](desk)
    desk.qtbot.waitUntil(lambda: desk.window.services.models.sight is not None)
    desk.qtbot.wait(250)
    shown = show_settings(desk.window) if state == "settings" else desk.window
    now = small(shown.grab().toImage())
    kept = FOLDER / f"{state}-{looks}.png"
    if os.environ.get("SMOLSIGHT_WRITE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        now.save(kept, optimize=True)
    now.save(tmp_path / kept.name)
    with Image.open(kept) as before:
        assert before.size == now.size
        share = noticeable(now, before.convert("RGB"))
    assert share <= MOST_NOTICEABLE, f"{share:.1%} of {tmp_path / kept.name} differs from {kept}"


def test_another_state_or_the_other_looks_are_noticed() -> None:
    pictures = [Image.open(FOLDER / f"{name}.png").convert("RGB") for name in ("answered-light", "answering-light")]
    assert noticeable(*pictures) > 3 * MOST_NOTICEABLE
    moved = Image.fromarray(np.roll(np.asarray(pictures[0]), 1, axis=0))
    assert noticeable(pictures[0], moved) > 2 * MOST_NOTICEABLE


def small(image: QImage) -> Image.Image:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3)
    return Image.fromarray(pixels).reduce(SMALLER)


def noticeable(one: Image.Image, other: Image.Image) -> float:
    """The share of pixels that differ in any colour by more than NOTICEABLE."""
    differs = np.abs(np.asarray(one).astype(np.int16) - np.asarray(other)).max(axis=2) > NOTICEABLE
    return float(differs.mean())
