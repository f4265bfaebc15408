"""With the largest text in the smallest window nothing is cut off at the right, hidden or on top of something else."""

from itertools import pairwise

import pytest
from PySide6.QtWidgets import QApplication, QScrollArea, QToolButton

from app.desktop.folder.section import FolderSection
from app.desktop.live.section import LiveSection
from app.desktop.models.section import ModelsSection
from app.desktop.settings.dialog import show_settings
from app.desktop.theme.text_size import scale_text
from app.desktop.window import SMALLEST
from app.shelf import models_folder
from tests.app.desktop.conftest import Desk, MakeDesk
from tests.checkpoints import write_checkpoint
from tests.fake_cameras import FakeCameras

LONG = "HuggingFaceTB/SmolVLM2-500M-Video-Instruct-4bit"


@pytest.fixture
def small(make_desk: MakeDesk, qapp: QApplication) -> Desk:
    """The smallest window, with a model of a long name in use."""
    write_checkpoint(models_folder() / LONG, "500m")
    desk = make_desk()
    desk.window.resize(*SMALLEST)
    desk.window.services.models.choose(LONG)
    desk.qtbot.waitUntil(lambda: not desk.window.services.models.is_loading)
    return desk


@pytest.fixture(params=[100, 200])
def sized(request: pytest.FixtureRequest, small: Desk, qapp: QApplication) -> Desk:
    scale_text(qapp, request.param)
    request.addfinalizer(lambda: scale_text(qapp, 100))
    small.qtbot.wait(20)
    return small


@pytest.mark.parametrize("section", ["chat", "live", "folder", "models"])
def test_the_model_stays_in_the_toolbar(sized: Desk, cameras: FakeCameras, section: str) -> None:
    toolbar = sized.window.toolbar
    sized.window.show_section(section)
    sized.qtbot.wait(20)
    (model,) = (button for button in toolbar.findChildren(QToolButton) if button.accessibleName() == "Model")
    assert model.isVisible() and model.geometry().right() <= toolbar.width()
    assert LONG in model.toolTip() and model.text().startswith("Smol") and model.text().endswith("▾")


def test_models_are_as_wide_as_the_window(sized: Desk) -> None:
    sized.window.show_section("models")
    section = sized.window.section("models")
    assert isinstance(section, ModelsSection)
    sized.qtbot.waitUntil(lambda: LONG in section.cards)
    section.cards[LONG].buttons["convert"].click()
    area, card = section.findChild(QScrollArea), section.cards[LONG]
    assert area is not None
    shown = [button for button in card.buttons.values() if not button.isHidden()]
    sized.qtbot.waitUntil(
        lambda: all(card.rect().contains(button.geometry().translated(card._offered.pos())) for button in shown)
    )
    assert section._inner.width() <= area.viewport().width()


def test_filters_of_the_folder_stand_beside_and_below_each_other(sized: Desk) -> None:
    sized.window.show_section("folder")
    section = sized.window.section("folder")
    assert isinstance(section, FolderSection)
    section._stack.setCurrentIndex(1)
    sized.qtbot.wait(20)
    for chip in section.filters.chips.values():
        assert chip.width() >= chip.sizeHint().width() and chip.geometry().right() < section.width()
    for one, next_one in pairwise(section.filters.chips.values()):
        assert not one.geometry().intersects(next_one.geometry())


def test_what_live_asks_for_fits_its_panel(sized: Desk, cameras: FakeCameras) -> None:
    sized.window.show_section("live")
    section = sized.window.section("live")
    assert isinstance(section, LiveSection)
    sized.qtbot.wait(20)
    assert section.panel._page.width() <= section.panel.viewport().width()


def test_the_settings_fit_on_the_screen_and_can_be_scrolled_to(sized: Desk) -> None:
    dialog = show_settings(sized.window)
    sized.qtbot.wait(20)
    assert dialog.height() < dialog.screen().availableSize().height()
    for place in range(dialog.pages.count()):
        dialog.pages.setCurrentIndex(place)
        sized.qtbot.wait(5)
        area = dialog.pages.widget(place)
        assert isinstance(area, QScrollArea)
        assert area.horizontalScrollBar().maximum() >= dialog._inner[place].width() - area.viewport().width()
