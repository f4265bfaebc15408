"""What is dropped or pasted: files, folders, pixels, addresses; nothing is fetched."""

import base64
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage

from app.desktop import intake
from tests.app.desktop.conftest import SAMPLES

PICTURE = SAMPLES / "scene-2.png"
DATA = "data:image/png;base64," + base64.b64encode(PICTURE.read_bytes()).decode()


def mime(*addresses: str, html: str = "", image: QImage | None = None) -> QMimeData:
    made = QMimeData()
    made.setUrls([QUrl(address) for address in addresses])
    if html:
        made.setHtml(html)
    if image is not None:
        made.setImageData(image)
    return made


def test_a_file_comes_before_the_icon_that_a_file_manager_offers_with_it() -> None:
    taken = intake.take(mime(PICTURE.as_uri(), image=QImage(16, 16, QImage.Format.Format_RGB32)))
    assert (taken.paths, taken.image) == ((PICTURE,), None)


def test_pixels_come_before_the_address_that_a_browser_offers_with_them() -> None:
    taken = intake.take(mime("https://example.org/cat.png", image=QImage(str(PICTURE))))
    assert taken.image is not None and taken.image.width() == 128
    assert not taken.problem


@pytest.mark.parametrize(
    "offered", [mime(DATA), mime("https://example.org/", html=f"<p><img alt='' src='{DATA}'></p>")]
)
def test_an_address_that_holds_a_picture_is_one(offered: QMimeData) -> None:
    taken = intake.take(offered)
    assert taken.image is not None and taken.image.width() == 128


@pytest.mark.parametrize("address", ["https://example.org/cat.png", "ftp://example.org/cat.png", "data:text/html,cat"])
def test_an_address_alone_is_a_sentence(address: str) -> None:
    assert "fetches nothing" in intake.take(mime(address)).problem


def test_a_damaged_picture_in_an_address_is_no_picture() -> None:
    assert "fetches nothing" in intake.take(mime("data:image/png;base64,AAAA")).problem


def test_of_a_folder_come_its_pictures_and_clips_in_the_order_of_people(tmp_path: Path) -> None:
    for name in ("img10.png", "img2.png", "clip.mp4", "notes.txt", ".hidden.png"):
        (tmp_path / name).touch()
    (tmp_path / "below.png").mkdir()
    taken = intake.from_paths([tmp_path])
    assert [path.name for path in taken.paths] == ["clip.mp4", "img2.png", "img10.png"]
    assert not taken.problem


def test_a_large_folder_and_what_came_with_it_are_for_the_folder_section(tmp_path: Path) -> None:
    for number in range(21):
        (tmp_path / f"{number}.png").touch()
    assert intake.from_paths([tmp_path, PICTURE]) == intake.Intake(many=(tmp_path, PICTURE))
    (tmp_path / "0.png").unlink()
    assert len(intake.from_paths([tmp_path]).paths) == 20


def test_an_empty_folder_and_one_that_is_closed_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no picture and no clip" in intake.from_paths([tmp_path]).problem

    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refuse)
    assert "Permission denied" in intake.from_paths([tmp_path]).problem
