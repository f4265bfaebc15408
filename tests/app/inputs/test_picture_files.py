"""What folders, patterns and names come to."""

import os
import time
from pathlib import Path

import pytest

from app.inputs.picture_files import list_pictures, natural_order


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def names(folder: Path, *named: str, recursive: bool = False) -> list[str]:
    listing = list_pictures(named or [str(folder)], recursive=recursive)
    return [os.path.relpath(path, folder) for path in listing.files]


def test_a_folders_pictures_come_in_the_order_of_people(tmp_path: Path) -> None:
    fill(tmp_path, "img10.png", "img2.PNG", "Img1.jpg", "b.heic", "notes.txt", ".hidden.png", "._img1.jpg")
    assert names(tmp_path) == ["b.heic", "Img1.jpg", "img2.PNG", "img10.png"]


def test_folders_below_are_for_recursive_alone_and_hidden_ones_for_nobody(tmp_path: Path) -> None:
    fill(tmp_path, "z.png", "a/2.png", "a/b/1.png", ".git/x.png", "c/notes.md")
    assert names(tmp_path) == ["z.png"]
    assert names(tmp_path, recursive=True) == ["z.png", "a/2.png", "a/b/1.png"]


def test_links_in_a_circle_end_and_each_folder_is_listed_once(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b" / "beside").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to("self")
    assert sorted(map(os.path.basename, names(tmp_path, recursive=True))) == ["1.png", "2.png"]


def test_clips_in_a_folder_are_counted_and_those_that_are_named_are_listed(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "b.mov", "c.MP4")
    assert list_pictures([str(tmp_path)]).clips == 2
    assert names(tmp_path, str(tmp_path / "*")) == ["a.png", "b.mov", "c.MP4"]
    assert names(tmp_path, str(tmp_path / "b.mov")) == ["b.mov"]


def test_patterns_go_down_and_a_file_with_a_patterns_name_is_itself(tmp_path: Path) -> None:
    fill(tmp_path, "a[1].png", "a1.png", "d/e/f2.png", "d/f10.png")
    assert names(tmp_path, str(tmp_path / "a[1].png")) == ["a[1].png"]
    assert names(tmp_path, str(tmp_path / "**" / "f*.png")) == ["d/e/f2.png", "d/f10.png"]


def test_what_comes_to_nothing_is_told(tmp_path: Path) -> None:
    fill(tmp_path, "a/b/1.png", "2.png")
    named = [str(tmp_path / "*.gif"), str(tmp_path / "a"), str(tmp_path)]
    (pattern, no_match), (folder, no_picture) = list_pictures(named).failed
    assert (pattern.name, no_match, folder.name) == ("*.gif", "matches no file", "a")
    assert no_picture.startswith("is a folder without a picture; --recursive")
    assert len(list_pictures(named, recursive=True).failed) == 1
    assert list_pictures([str(tmp_path / "[2J.png")]).files == [tmp_path / "[2J.png"], "no pattern: nothing is closed"


def test_what_is_named_twice_is_listed_once_and_what_is_not_there_is_kept_for_an_error(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "b.png")
    named = (str(tmp_path / "b.png"), str(tmp_path), str(tmp_path / "gone.png"))
    assert names(tmp_path, *named) == ["b.png", "a.png", "gone.png"]


def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "a/1.png", "b/2.png")
    scandir = os.scandir

    def guarded(path: Path) -> object:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    listing = list_pictures([str(tmp_path)], recursive=True)
    assert listing.files == [tmp_path / "b/2.png"]
    assert listing.failed == [(tmp_path / "a", "cannot be listed (Permission denied)")]


def test_thousands_are_listed_without_opening_one(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{number % 7}/img{number}.png" for number in range(3000)))
    begin = time.perf_counter()
    assert len(names(tmp_path, recursive=True)) == 3000
    assert time.perf_counter() - begin < 3, "a fraction of a second on a machine with nothing else to do"


def test_numbers_of_any_length_and_letters_of_any_case_are_put_in_order() -> None:
    assert natural_order(["b", "A10", "a2", "a", "10", "9", "a2b"]) == ["9", "10", "a", "a2", "a2b", "A10", "b"]
