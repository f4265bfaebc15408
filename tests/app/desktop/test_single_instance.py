"""A second start hands its files to the window that is open, and ends; so does whoever opens a file with the app."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QDir, QObject, QUrl
from PySide6.QtGui import QFileOpenEvent
from pytestqt.qtbot import QtBot

from app.desktop import single_instance
from app.desktop.application import FileOpener
from app.desktop.single_instance import SingleInstance, claim
from tests.conftest import ROOT

# Waits for a word to begin, so that all begin together; the first one says whose files came.
START = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.desktop.single_instance import claim

application, came = QCoreApplication([]), []
print("ready", flush=True)
sys.stdin.readline()
instance = claim([Path(sys.argv[2])], application, sys.argv[1])
if instance is not None:
    def take(files):
        came.extend(file.name for file in files)
        if len(came) == int(sys.argv[3]):
            print("first", *sorted(came))
            application.quit()
    instance.called.connect(take)
    application.exec()
    instance.close()
"""


@pytest.fixture
def first(qtbot: QtBot) -> Iterator[Callable[[str], SingleInstance]]:
    owner = QObject()
    made: list[SingleInstance] = []

    def be_first(name: str) -> SingleInstance:
        instance = claim([], owner, name)
        assert instance is not None
        made.append(instance)
        return instance

    yield be_first
    for instance in made:
        instance.close()


@contextmanager
def later_start(name: str, *paths: Path) -> Iterator[None]:
    """Another start, in a process of its own: claims in one process would wait for each other."""
    code = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from app.desktop.single_instance import claim
application = QCoreApplication([])
assert claim([Path(path) for path in sys.argv[2:]], application, sys.argv[1]) is None
"""
    with subprocess.Popen([sys.executable, "-c", code, name, *map(str, paths)], cwd=ROOT) as started:
        yield
    assert started.returncode == 0


def test_files_reach_the_first_start(qtbot: QtBot, tmp_path: Path, first: Callable[[str], SingleInstance]) -> None:
    instance = first("smolsight-test-instance")
    with (
        later_start("smolsight-test-instance", tmp_path / "a picture.png"),
        qtbot.waitSignal(instance.called, timeout=10_000) as called,
    ):
        pass
    assert called.args == [[tmp_path / "a picture.png"]]


def test_of_starts_at_the_same_moment_one_opens_and_has_the_files_of_all(tmp_path: Path) -> None:
    count, name = 4, "smolsight-test-race"
    arguments = [sys.executable, "-c", START, name]
    starts = [
        subprocess.Popen(
            [*arguments, f"{number}.png", str(count - 1)], cwd=ROOT, stdin=-1, stdout=-1, stderr=-1, text=True
        )
        for number in range(count)
    ]
    for start in starts:
        assert start.stdout is not None and start.stdout.readline() == "ready\n"
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("\n")
        start.stdin.flush()
    said = [start.communicate(timeout=60) for start in starts]
    assert [(start.returncode, errors) for start, (_, errors) in zip(starts, said, strict=True)] == [(0, "")] * count
    (opened,) = (number for number, (words, _) in enumerate(said) if words)
    others = sorted(f"{number}.png" for number in range(count) if number != opened)
    assert said[opened][0].split() == ["first", *others]


def test_what_a_killed_start_left_behind_is_in_nobodys_way(
    qtbot: QtBot, first: Callable[[str], SingleInstance]
) -> None:
    name = "smolsight-test-killed"
    left = Path(QDir.tempPath()) / name
    left.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(left))
    code = f"from PySide6.QtCore import *; import os; assert QLockFile({str(left) + '.lock'!r}).tryLock(0); os._exit(1)"
    subprocess.run([sys.executable, "-c", code], check=False)
    instance = first(name)
    with later_start(name, Path("a.png")), qtbot.waitSignal(instance.called, timeout=10_000):
        pass


def test_one_that_has_the_lock_and_never_listens_keeps_no_window_shut(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, first: Callable[[str], SingleInstance]
) -> None:
    monkeypatch.setattr(single_instance, "LONGEST_START", 0.1)
    name = "smolsight-test-hung"
    first(name)._server.close()
    assert first(name) is not None


def test_a_file_that_the_system_opens_with_the_app_comes_as_its_path(qtbot: QtBot, tmp_path: Path) -> None:
    owner, opener = QObject(), FileOpener()
    with qtbot.waitSignal(opener.opened) as opened:
        assert opener.eventFilter(owner, QFileOpenEvent(QUrl.fromLocalFile(str(tmp_path / "a picture.png"))))
    assert opened.args == [[tmp_path / "a picture.png"]]
