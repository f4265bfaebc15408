"""A part of the screen becomes a picture to ask about; a screen that may not be seen becomes a sentence."""

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication

from app.desktop.capture import screenshot
from app.desktop.capture.region import RegionChooser
from app.desktop.capture.screenshot import FrozenScreenshot, MacScreenshot
from tests.app.desktop.conftest import SAMPLES, Desk

ESCAPED = "#!/bin/sh\nexit 1\n"
TAKES = f'#!/bin/sh\nfor last; do :; done\ncp {SAMPLES / "scene-2.png"} "$last"\n'


def screen_of(ratio: float) -> QImage:
    """A frozen screen at a scale factor: each quarter in its colour."""
    size = QGuiApplication.primaryScreen().size() * ratio
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    for y in range(image.height() // 2, image.height()):
        for x in (image.width() // 2, image.width() - 1):
            image.setPixelColor(x, y, QColor("blue"))
    image.setDevicePixelRatio(ratio)
    return image


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screenshot, "make_screenshot", FrozenScreenshot)
    monkeypatch.setattr("app.desktop.chat.media_sources.make_screenshot", FrozenScreenshot)
    monkeypatch.setattr(screenshot, "GONE_MS", 1)
    monkeypatch.setattr(screenshot, "grab", lambda screen: screen_of(2.0))


def chooser(desk: Desk) -> RegionChooser:
    """The one that covers the screen, once it is there."""

    def shown() -> list[RegionChooser]:
        return [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, RegionChooser)]

    desk.qtbot.waitUntil(lambda: any(widget.isVisible() for widget in shown()))
    return next(widget for widget in shown() if widget.isVisible())


def test_what_was_dragged_over_is_attached_in_the_screens_own_pixels(desk: Desk, frozen: None) -> None:
    desk.chat.sources.take_screenshot()
    assert not desk.window.isVisible()
    cover = chooser(desk)
    desk.qtbot.mousePress(cover, Qt.MouseButton.LeftButton, pos=QPoint(10, 20))
    desk.qtbot.mouseMove(cover, QPoint(109, 69))
    desk.qtbot.mouseRelease(cover, Qt.MouseButton.LeftButton, pos=QPoint(109, 69))
    desk.qtbot.waitUntil(lambda: len(desk.chat.composer.media) == 1)
    (medium,) = desk.chat.composer.media
    assert (medium.name, medium.picture.width(), medium.picture.height()) == ("Screenshot", 200, 100)
    assert desk.window.isVisible()


def test_keys_choose_a_part_and_nothing_beside_it_is_in_the_picture(desk: Desk, frozen: None) -> None:
    desk.chat.sources.take_screenshot()
    cover = chooser(desk)
    cover.area = QRect(0, 0, cover.width() // 2, cover.height() // 2)
    desk.qtbot.keyClick(cover, Qt.Key.Key_Return)
    desk.qtbot.waitUntil(lambda: len(desk.chat.composer.media) == 1)
    picture = desk.chat.composer.media[0].picture
    assert picture.pixelColor(picture.width() - 1, picture.height() - 1) == QColor("red")


def test_escape_brings_the_window_back_with_nothing(desk: Desk, frozen: None) -> None:
    desk.chat.sources.take_screenshot()
    desk.qtbot.keyClick(chooser(desk), Qt.Key.Key_Escape)
    assert desk.window.isVisible()
    assert not desk.chat.composer.media


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_two_parts_beside_each_other_share_no_pixel_and_lose_none(desk: Desk, ratio: float) -> None:
    cover = RegionChooser(QGuiApplication.primaryScreen(), screen_of(ratio))
    desk.qtbot.addWidget(cover)
    left, right = cover.picture_of(QRect(0, 0, 33, 10)), cover.picture_of(QRect(33, 0, 34, 10))
    assert left.width() + right.width() == round(67 * ratio)
    assert left.devicePixelRatio() == 1.0


def test_a_desktop_that_shows_no_screen_is_a_sentence_and_the_window_is_back(
    desk: Desk, frozen: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screenshot, "grab", lambda screen: QImage())
    desk.chat.sources.take_screenshot()
    desk.qtbot.waitUntil(lambda: "no program see the screen" in desk.window.services.status.text)
    assert desk.window.isVisible()


def test_closing_in_the_middle_of_choosing_leaves_nothing_on_the_screen(desk: Desk, frozen: None) -> None:
    desk.chat.sources.take_screenshot()
    cover = chooser(desk)
    desk.window.close()
    assert not cover.isVisible()


def tool(folder: Path, script: str) -> str:
    path = folder / "screencapture"
    path.write_text(script)
    path.chmod(0o755)
    return str(path)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the tool")
def test_on_a_mac_the_systems_tool_takes_it_and_escape_is_no_error(desk: Desk, tmp_path: Path) -> None:
    taken: list[QImage] = []
    for script, count in ((TAKES, 1), (ESCAPED, 1)):
        shot = MacScreenshot(desk.window, tool(tmp_path, script))
        shot.taken.connect(taken.append)
        shot.refused.connect(desk.window.services.status.say)
        shot.begin()
        desk.qtbot.waitUntil(lambda shot=shot: shot._process is None)  # type: ignore[misc]
        assert len(taken) == count
    assert (taken[0].width(), desk.window.services.status.text) == (128, "")


def test_on_a_mac_that_forbids_it_the_tool_is_not_even_started(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screenshot, "may_see_screen", lambda: False)
    refused: list[str] = []
    shot = MacScreenshot(desk.window, tool(tmp_path, '#!/bin/sh\ntouch "$0.ran"\n'))
    shot.refused.connect(refused.append)
    shot.begin()
    assert "System Settings" in refused[0]
    assert not (tmp_path / "screencapture.ran").exists()


def test_a_tool_that_is_not_there_is_a_sentence(desk: Desk, tmp_path: Path) -> None:
    refused: list[str] = []
    shot = MacScreenshot(desk.window, str(tmp_path / "none"))
    shot.refused.connect(refused.append)
    shot.begin()
    desk.qtbot.waitUntil(lambda: len(refused) == 1)
    assert "could not be started" in refused[0]
