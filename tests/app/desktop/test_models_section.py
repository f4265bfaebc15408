"""The Models section against a hub on this machine and small checkpoints."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import close_session
from PySide6.QtWidgets import QPushButton

from app.desktop.models.convert_form import ConvertForm
from app.desktop.models.section import ModelsSection
from app.shelf import models_folder
from app.shelf.catalogue import catalogue
from app.shelf.facts import suggested
from app.shelf.packing import Wish
from app.sizes import in_words
from convert.recipe import Recipe
from tests.app.desktop.conftest import Desk
from tests.app.desktop.gaps import LONGEST_GAP, Gaps
from tests.checkpoints import write_checkpoint
from tests.hub_stub import HubStub

QUEUED = [known.hub_id for known in catalogue()[-3:]]
HUB_ID = QUEUED[-1]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubStub]:
    folder = write_checkpoint(tmp_path / "checkpoint", "smollm2", dtype="bfloat16")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with HubStub({path.name: path.read_bytes() for path in folder.iterdir()}, *QUEUED) as stub:
        monkeypatch.setenv("HF_ENDPOINT", stub.url)
        yield stub
        close_session()


def models(desk: Desk) -> ModelsSection:
    desk.window.show_section("models")
    section = desk.window.section("models")
    assert isinstance(section, ModelsSection)
    desk.qtbot.waitUntil(lambda: "embedded" in section.cards, timeout=10_000)
    return section


def asked_to_convert(desk: Desk) -> tuple[ModelsSection, ConvertForm]:
    """The section with a model called "mine", and the form that its button opens."""
    write_checkpoint(models_folder() / "mine", "smollm2")
    section = models(desk)
    desk.qtbot.waitUntil(lambda: "mine" in section.cards, timeout=10_000)
    section.cards["mine"].buttons["convert"].click()
    form = section.cards["mine"].findChild(ConvertForm)
    assert isinstance(form, ConvertForm)
    return section, form


def said(section: ModelsSection, name: str) -> str:
    return section.cards[name].note.text()


def wait_for_note(desk: Desk, section: ModelsSection, name: str, words: str) -> None:
    desk.qtbot.waitUntil(lambda: words in section.cards[name].note.text(), timeout=30_000)


@pytest.mark.alone
def test_downloads_come_one_after_the_other_and_never_block_the_window(hub: HubStub, desk: Desk) -> None:
    section = models(desk)
    hub.pause = 0.002
    idling = Gaps()
    desk.qtbot.wait(300)
    idle = idling.stop()
    for name in QUEUED:
        section.cards[name].buttons["download"].click()
    desk.qtbot.waitUntil(lambda: said(section, QUEUED[1]) == said(section, QUEUED[2]) == "Waits for its turn…")
    gaps = []
    for name in QUEUED:
        watch = Gaps()
        wait_for_note(desk, section, name, "Done")
        gaps.append(watch.stop())
        assert name in desk.window.services.models.names()
    assert min(gaps) - idle < LONGEST_GAP, gaps
    assert [asked for asked in hub.requests if asked == "listing"] == ["listing"] * 3


def test_a_download_that_waits_is_cancelled_at_once_and_the_next_one_takes_its_turn(hub: HubStub, desk: Desk) -> None:
    section = models(desk)
    hub.pause = 0.02
    for name in QUEUED:
        section.cards[name].buttons["download"].click()
    desk.qtbot.waitUntil(lambda: said(section, QUEUED[1]) == "Waits for its turn…")
    section.cards[QUEUED[1]].buttons["cancel"].click()
    wait_for_note(desk, section, QUEUED[1], "Cancelled.")
    assert section.jobs.is_busy(QUEUED[0])
    hub.pause = 0.0
    wait_for_note(desk, section, QUEUED[2], "Done")
    names = desk.window.services.models.names()
    assert QUEUED[0] in names and QUEUED[2] in names and QUEUED[1] not in names


def test_a_cancelled_download_says_so_and_can_go_on(hub: HubStub, desk: Desk) -> None:
    section = models(desk)
    hub.pause = 0.05
    section.cards[HUB_ID].buttons["download"].click()
    desk.qtbot.waitUntil(lambda: " of " in section.cards[HUB_ID].note.text(), timeout=20_000)
    section.cards[HUB_ID].buttons["cancel"].click()
    wait_for_note(desk, section, HUB_ID, "Cancelled.")
    desk.qtbot.waitUntil(lambda: not section.cards[HUB_ID].buttons["download"].isHidden(), timeout=10_000)


def test_a_model_that_the_hub_lacks_is_a_sentence_in_its_row(hub: HubStub, desk: Desk) -> None:
    section = models(desk)
    hub.listing_status = 404
    section.cards[HUB_ID].buttons["download"].click()
    wait_for_note(desk, section, HUB_ID, "no public model")


def test_a_model_is_converted_checked_and_removed(desk: Desk) -> None:
    section, form = asked_to_convert(desk)
    assert form.name.text() == "mine-4bit"
    form.rounding.setCurrentIndex(form.rounding.findData("nearest"))
    form.name.returnPressed.emit()
    wait_for_note(desk, section, "mine", "Held to its source: KL")
    assert " of weights became " in said(section, "mine")
    desk.qtbot.waitUntil(lambda: "mine-4bit" in section.cards, timeout=10_000)
    section.cards["mine-4bit"].buttons["verify"].click()
    wait_for_note(desk, section, "mine-4bit", "whole")
    section.cards["mine-4bit"].buttons["remove"].click()
    assert (models_folder() / "mine-4bit").is_dir()
    section.cards["mine-4bit"].buttons["remove"].click()
    desk.qtbot.waitUntil(lambda: "mine-4bit" not in section.cards, timeout=10_000)
    assert not (models_folder() / "mine-4bit").exists() and (models_folder() / "mine").is_dir()


def test_a_conversion_is_asked_for_with_the_recipes_options(desk: Desk) -> None:
    section, form = asked_to_convert(desk)
    with desk.qtbot.waitSignal(form.wanted) as usual:
        form._want()
    recipe = Recipe(mix="mixed")
    assert usual.args == [Wish(models_folder() / "mine", "mine-4bit", recipe.bits, recipe.group_size)]
    section.jobs.cancel("mine")
    form.check.setChecked(False)
    for box, value in ((form.bits, 3), (form.mix, "uniform"), (form.group_size, 32), (form.rounding, "nearest")):
        box.setCurrentIndex(box.findData(value))
    with desk.qtbot.waitSignal(form.wanted) as other:
        form._want()
    assert other.args == [Wish(models_folder() / "mine", "mine-3bit", 3, 32, "uniform", "nearest", False)]
    section.jobs.cancel("mine")


def test_checking_a_model_says_nothing_of_the_hub(desk: Desk) -> None:
    section = models(desk)
    told: list[str] = []
    section.jobs.progressed.connect(lambda name, *_: told.append(said(section, name)))
    section.cards["embedded"].buttons["verify"].click()
    wait_for_note(desk, section, "embedded", "whole")
    assert told and set(told) == {"Looking at the weights…"}


def test_a_cancelled_conversion_leaves_nothing(desk: Desk) -> None:
    section, form = asked_to_convert(desk)
    form.name.returnPressed.emit()
    section.jobs.cancel("mine")
    wait_for_note(desk, section, "mine", "Cancelled.")
    assert [path.name for path in models_folder().iterdir()] == ["mine"]


def test_weights_that_arrive_broken_twice_are_a_sentence_in_the_row(hub: HubStub, desk: Desk) -> None:
    section = models(desk)
    hub.wrong_bytes["model.safetensors"] = 2
    section.cards[HUB_ID].buttons["download"].click()
    wait_for_note(desk, section, HUB_ID, "other bytes than the hub announces")


def test_remove_asks_in_the_row_and_keep_leaves_the_model(desk: Desk) -> None:
    write_checkpoint(models_folder() / "mine", "smollm2")
    section = models(desk)
    desk.qtbot.waitUntil(lambda: "mine" in section.cards, timeout=10_000)
    card = section.cards["mine"]
    card.buttons["remove"].click()
    assert card.note.text().startswith("Remove ")
    card.buttons["cancel"].click()
    desk.qtbot.waitUntil(lambda: section.cards["mine"] is not card, timeout=10_000)
    assert (models_folder() / "mine").is_dir()


def test_the_empty_chat_offers_a_model_with_its_cost_and_fetches_it(hub: HubStub, desk: Desk) -> None:
    desk.window.show_section("chat")
    offered = suggested()
    assert offered is not None and offered.download_bytes is not None
    button = next(button for button in desk.chat.empty.findChildren(QPushButton) if "Download" in button.text())
    assert in_words(offered.download_bytes) in button.text() and "memory" in button.text()
    button.click()
    section = desk.window.section("models")
    assert desk.window.shown is section and isinstance(section, ModelsSection)
    desk.qtbot.waitUntil(lambda: offered.hub_id in section.cards, timeout=10_000)
    # This hub has another model alone.
    wait_for_note(desk, section, offered.hub_id, "no public model")
