"""The Folder section with the embedded checkpoint: from a dropped folder to text files beside its pictures."""

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.desktop.application import begin, make_window
from app.desktop.folder.section import FolderSection
from app.desktop.place import place_in
from tests.app.desktop.conftest import SAMPLES


@pytest.mark.slow
def test_a_folder_is_described_and_its_captions_stand_beside_the_pictures(qtbot: QtBot, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in (1, 2, 5):
        shutil.copy(SAMPLES / f"scene-{number}.png", photos)
    window = make_window(place_in(tmp_path / "place"), "embedded")
    qtbot.addWidget(window)
    begin(window)
    try:
        window.show_section("folder")
        section = window.section("folder")
        assert isinstance(section, FolderSection)
        section.take([photos])
        qtbot.waitUntil(lambda: len(section.album) == 3, timeout=60_000)
        section.toggle.trigger()
        qtbot.waitUntil(lambda: section.album.described == 3 and not section.run.is_running, timeout=120_000)
        section.writer.write_beside()
        qtbot.waitUntil(lambda: len(list(photos.glob("*.txt"))) == 3, timeout=60_000)
        assert (photos / "scene-1.txt").read_text() == "A blank blue image.\n"
        assert "coconut" in (photos / "scene-2.txt").read_text()
        assert "cactus" in (photos / "scene-5.txt").read_text()
    finally:
        window.close()
        window.services.wait()
