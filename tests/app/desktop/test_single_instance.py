"""A second start hands its files to the window that is open, and ends."""

from pathlib import Path

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.desktop.single_instance import SingleInstance, hand_over

NAME = "smolsight-test-instance"


def test_files_reach_the_first_start(qtbot: QtBot, tmp_path: Path) -> None:
    owner = QObject()
    first = SingleInstance(owner, NAME)
    with qtbot.waitSignal(first.called) as called:
        assert hand_over([tmp_path / "a picture.png"], NAME)
    assert called.args == [[tmp_path / "a picture.png"]]
    first.close()


def test_without_a_window_there_is_nobody_to_hand_over_to(qtbot: QtBot) -> None:
    assert not hand_over([Path("a.png")], "smolsight-test-nobody")
