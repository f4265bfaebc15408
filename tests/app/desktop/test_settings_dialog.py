"""The settings: every row has a control that shows its value, and what is chosen is kept and used."""

from typing import TypeVar

from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QWidget

from app.desktop.settings.dialog import show_settings
from app.remembering import SETTING, seen_files, seen_folder
from app.settings import rows
from mlx_model.protocol import Ask
from tests.app.desktop.conftest import Desk
from tests.app.desktop.test_chat_section import PICTURE

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
