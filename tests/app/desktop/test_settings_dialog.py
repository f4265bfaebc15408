"""The settings: every row has a control that shows its value, and what is chosen is kept and used."""

from typing import TypeVar

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from app.desktop.settings.dialog import show_settings
from app.remembering import SETTING, seen_files, seen_folder
from app.settings import rows
from app.shelf import default_name, models_folder
from app.shelf.offline import is_offline
from mlx_model.protocol import Ask, Limit, Unload
from tests.app.desktop.conftest import Desk
from tests.app.desktop.test_chat_section import PICTURE
from tests.checkpoints import write_checkpoint

Control = TypeVar("Control", bound=QWidget)


def child(dialog: QWidget, kind: type[Control], key: str) -> Control:
    found = dialog.findChild(kind, key)
    assert found is not None, key
    return found


def test_every_setting_has_a_named_control(desk: Desk) -> None:
    dialog = show_settings(desk.window)
    controls = {key: dialog.findChild(QWidget, key) for key in rows()}
    assert [key for key, control in controls.items() if control is None or not control.accessibleName()] == []


def test_a_choice_is_kept_and_used_by_the_next_question(desk: Desk) -> None:
    dialog = show_settings(desk.window)
    child(dialog, QDoubleSpinBox, "temperature").setValue(0.7)
    child(dialog, QCheckBox, "repetition_guard").setChecked(False)
    desk.ask("What is it?")
    request = [job for job in desk.engine.jobs if isinstance(job, Ask)][-1].request
    assert (request.sampling.temperature, request.repetition_guard) == (0.7, False)


def test_words_are_drawn_as_the_settings_say(desk: Desk) -> None:
    dialog = show_settings(desk.window)
    for key, value in (("top_p", 0.9), ("min_p", 0.05), ("repetition_penalty", 1.1)):
        child(dialog, QDoubleSpinBox, key).setValue(value)
    desk.ask("What is it?")
    (asked,) = (job for job in desk.engine.jobs if isinstance(job, Ask))
    sampling = asked.request.sampling
    assert (sampling.top_p, sampling.min_p, sampling.repetition_penalty) == (0.9, 0.05, 1.1)


def test_what_may_be_kept_holds_at_once_and_for_the_model_that_is_loaded(desk: Desk) -> None:
    dialog = show_settings(desk.window)
    idle = child(dialog, QComboBox, "idle_minutes")
    idle.setCurrentIndex(idle.findData(2))
    child(dialog, QSpinBox, "memory_mb").setValue(64)
    child(dialog, QSpinBox, "session_mb").setValue(128)
    on_disk = child(dialog, QComboBox, SETTING)
    on_disk.setCurrentIndex(on_disk.findData(512))
    desk.qtbot.waitUntil(lambda: not desk.window.services.bridge.is_busy)
    limits = [job for job in desk.engine.jobs if isinstance(job, Limit)]
    assert len(limits) == 4
    assert limits[-1] == Limit(120.0, 64 * 2**20, 128 * 2**20, seen_folder(), 512 * 2**20)
    assert not any(isinstance(job, Unload) for job in desk.engine.jobs)


def test_offline_holds_while_it_is_switched_on_and_no_longer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    switch = child(show_settings(desk.window), QCheckBox, "offline")
    switch.setChecked(True)
    assert is_offline()
    switch.setChecked(False)
    assert not is_offline()


def test_a_model_that_is_chosen_in_the_settings_answers_from_now_on(desk: Desk) -> None:
    write_checkpoint(models_folder() / "mine", "smollm2")
    box = child(show_settings(desk.window), QComboBox, "model")
    box.setCurrentIndex(box.findData("mine"))
    assert desk.window.services.models.chosen.name == default_name() == "mine"


def test_a_prompt_in_other_words_is_what_its_chip_asks(desk: Desk) -> None:
    line = child(show_settings(desk.window), QLineEdit, "prompt.caption")
    line.setText("Say what you see.")
    line.editingFinished.emit()
    desk.attach(PICTURE)
    desk.chat.composer.suggestions.chips["caption"].click()
    desk.wait_for_end()
    assert desk.chat.chat.turns[0].question == "Say what you see."


def test_the_history_is_switched_off_at_once(desk: Desk) -> None:
    child(show_settings(desk.window), QCheckBox, "history").setChecked(False)
    assert not desk.window.services.history.is_on
    assert not desk.window.services.settings["history"]


def test_what_was_seen_is_remembered_on_disk_while_that_is_chosen_and_deleted_with_the_choice(desk: Desk) -> None:
    box = child(show_settings(desk.window), QComboBox, SETTING)
    assert box.currentData() == 0
    box.setCurrentIndex(box.findData(2048))
    seen_folder().mkdir(parents=True)
    (seen_folder() / "a.safetensors").write_bytes(b"seen")
    box.setCurrentIndex(box.findData(512))
    assert seen_files() == [4]
    box.setCurrentIndex(box.findData(0))
    assert not seen_folder().exists()


def test_the_dialog_opens_once(desk: Desk) -> None:
    assert show_settings(desk.window) is show_settings(desk.window)
    assert isinstance(child(show_settings(desk.window), QWidget, "model"), QComboBox)
