"""A camera's picture is looked at, taken and asked about; the camera is given back whatever happens."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from app.desktop.chat.camera_page import CameraPage
from tests.app.desktop.conftest import Desk, MakeDesk
from tests.app.desktop.test_accessibility import controls
from tests.fake_cameras import FakeCameras, plain

GREEN = plain(0, 200, 0)


@pytest.fixture
def desk(cameras: FakeCameras, make_desk: MakeDesk) -> Desk:
    return make_desk()


def opened(desk: Desk) -> CameraPage:
    """The page with a picture on it."""
    desk.chat.sources.open_camera()
    page = desk.chat.sources.camera
    assert page is not None
    desk.qtbot.waitUntil(page.take.isEnabled)
    return page


def test_the_picture_that_was_seen_is_attached_and_the_camera_given_back(desk: Desk, cameras: FakeCameras) -> None:
    page = opened(desk)
    assert page.isVisible() and not desk.chat.composer.isVisible()
    desk.qtbot.keyClick(page.take, Qt.Key.Key_Space)
    cameras.pixels = GREEN
    desk.qtbot.waitUntil(lambda: len(desk.chat.composer.media) == 1)
    (medium,) = desk.chat.composer.media
    assert medium.name == "Camera picture"
    assert medium.picture.pixelColor(200, 100).getRgb() == (200, 0, 0, 255)
    desk.qtbot.waitUntil(lambda: cameras.opened == cameras.closed == 1)
    assert desk.chat.composer.isVisible() and not page.isVisible()


def test_escape_goes_back_without_a_picture(desk: Desk, cameras: FakeCameras) -> None:
    page = opened(desk)
    desk.qtbot.keyClick(page.take, Qt.Key.Key_Escape)
    assert not page.isVisible() and desk.chat.empty.isVisible()
    desk.qtbot.waitUntil(lambda: cameras.opened == cameras.closed == 1)
    assert not desk.chat.composer.media


def test_without_a_camera_the_status_line_says_so(desk: Desk, cameras: FakeCameras) -> None:
    cameras.plugged_in = False
    desk.chat.sources.open_camera()
    desk.qtbot.waitUntil(lambda: "No camera was found" in desk.window.services.status.text)
    assert desk.chat.empty.isVisible()


def test_a_camera_that_is_pulled_out_says_so_and_nothing_can_be_taken(desk: Desk, cameras: FakeCameras) -> None:
    page = opened(desk)
    cameras.plugged_in = False
    desk.qtbot.waitUntil(lambda: not page.take.isEnabled())
    assert "gives no pictures any more" in page.preview.accessibleDescription()
    cameras.plugged_in = True
    desk.qtbot.waitUntil(page.take.isEnabled)


@pytest.mark.parametrize("leave", ["another section", "another chat", "close"])
def test_whoever_leaves_it_gives_the_camera_back(desk: Desk, cameras: FakeCameras, leave: str) -> None:
    page = opened(desk)
    if leave == "another section":
        desk.window.show_section("models")
    elif leave == "another chat":
        desk.chat.new_chat()
    else:
        desk.window.close()
    assert not page.isVisible()
    desk.qtbot.waitUntil(lambda: cameras.opened == cameras.closed == 1)


def test_every_control_of_it_has_a_name_and_a_tooltip(desk: Desk) -> None:
    page = opened(desk)
    assert not [type(widget).__name__ for widget in controls(page) if not widget.accessibleName()]
    assert not [button.accessibleName() for button in page.findChildren(QAbstractButton) if not button.toolTip()]
