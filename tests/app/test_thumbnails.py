"""Thumbnails are made once, small and upright, and their folder stays within its budget."""

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from app.thumbnails import SIDE, Thumbnails
from mlx_model.errors import InputError


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (1600, 1200), (200, 0, 0)).save(path)
    return path


@pytest.fixture
def thumbnails(tmp_path: Path) -> Thumbnails:
    return Thumbnails(tmp_path / "cache")


def size(content: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(content)).size


def test_a_picture_becomes_small_and_is_not_opened_again(thumbnails: Thumbnails, photo: Path) -> None:
    first = thumbnails.of(photo)
    assert size(first) == (SIDE, SIDE * 3 // 4)
    content, status = photo.read_bytes(), photo.stat()
    photo.write_bytes(b"x" * len(content))
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert thumbnails.of(photo) == first


def test_a_changed_picture_is_made_anew(thumbnails: Thumbnails, photo: Path) -> None:
    thumbnails.of(photo)
    Image.new("RGB", (300, 900)).save(photo)
    assert size(thumbnails.of(photo)) == (SIDE // 3, SIDE)


def test_a_clip_is_shown_by_its_first_frame(thumbnails: Thumbnails) -> None:
    clips = Path(__file__).parents[1] / "fixtures" / "clips"
    clip = next(path for path in sorted(clips.iterdir()) if path.suffix == ".mp4")
    assert min(size(thumbnails.of(clip))) > 0


def test_what_is_no_picture_says_so(thumbnails: Thumbnails, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"no picture")
    with pytest.raises(InputError):
        thumbnails.of(tmp_path / "no.png")


def test_nobody_else_may_read_them(thumbnails: Thumbnails, photo: Path) -> None:
    thumbnails.of(photo)
    (file,) = thumbnails.folder.iterdir()
    assert file.stat().st_mode & 0o077 == 0


def test_beyond_the_budget_what_was_looked_at_longest_ago_goes(thumbnails: Thumbnails, tmp_path: Path) -> None:
    pictures = []
    for number in range(3):
        pictures.append(tmp_path / f"{number}.png")
        Image.new("RGB", (50, 50), (number, 0, 0)).save(pictures[-1])
        thumbnails.of(pictures[-1])
    files = sorted(thumbnails.folder.iterdir())
    for age, file in enumerate(files):
        os.utime(file, (age, age))
    thumbnails.trim(sum(file.stat().st_size for file in files[1:]))
    assert sorted(thumbnails.folder.iterdir()) == files[1:]


def test_without_a_place_to_keep_them_they_are_made_all_the_same(tmp_path: Path, photo: Path) -> None:
    (tmp_path / "cache").write_bytes(b"in the way")
    thumbnails = Thumbnails(tmp_path / "cache")
    assert size(thumbnails.of(photo))[0] == SIDE
    thumbnails.trim()
