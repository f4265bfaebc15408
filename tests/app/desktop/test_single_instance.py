"""A second start hands its files to the window that is open, and ends; so does whoever opens a file with the app."""

import socket
from pathlib import Path

from PySide6.QtCore import QDir, QObject, QUrl
from PySide6.QtGui import QFileOpenEvent
from pytestqt.qtbot import QtBot

from app.desktop.application import FileOpener
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


def test_what_a_killed_start_left_behind_is_in_nobodys_way(qtbot: QtBot) -> None:
    name = "smolsight-test-killed"
    left = Path(QDir.tempPath()) / name
    left.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(left))
    assert not hand_over([Path("a.png")], name)
    owner = QObject()
    first = SingleInstance(owner, name)
    with qtbot.waitSignal(first.called):
        assert hand_over([Path("a.png")], name)
    first.close()


def test_a_file_that_the_system_opens_with_the_app_comes_as_its_path(qtbot: QtBot, tmp_path: Path) -> None:
    owner, opener = QObject(), FileOpener()
    with qtbot.waitSignal(opener.opened) as opened:
        assert opener.eventFilter(owner, QFileOpenEvent(QUrl.fromLocalFile(str(tmp_path / "a picture.png"))))
    assert opened.args == [[tmp_path / "a picture.png"]]
