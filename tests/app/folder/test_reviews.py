"""Edits and marks are kept by picture and task, for as long as the picture is the same."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.folder.album import Entry
from app.folder.reviews import Reviews, Shown

RECORD = {"text": "A boat.", "finish_reason": "stop", "blank": False}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    for name in ("img2.png", "img10.png", "below/deep.png"):
        (folder / name).write_bytes(b"some picture")
    return folder


@pytest.fixture
def reviews(tmp_path: Path) -> Iterator[Reviews]:
    opened = Reviews(tmp_path / "data" / "reviews.sqlite3")
    yield opened
    opened.close()


def again(reviews: Reviews, shown: Shown) -> dict[str, Entry]:
    """What another start of the program finds."""
    reopened = Reviews(reviews._store.file)
    entries, _ = reopened.open(shown)
    reopened.close()
    return {entry.path.name: entry for entry in entries}


def test_a_folder_is_listed_as_people_sort_it_and_deeper_on_request(reviews: Reviews, photos: Path) -> None:
    entries, listing = reviews.open(Shown((photos,)))
    assert [entry.path.name for entry in entries] == ["img2.png", "img10.png"] and not listing.failed
    entries, _ = reviews.open(Shown((photos,), recursive=True))
    assert len(entries) == 3


def test_edits_and_marks_are_there_at_the_next_start(reviews: Reviews, photos: Path) -> None:
    edited = Entry(photos / "img2.png", "My boat.", RECORD, edited=True, reviewed=True, written="My boat.")
    plain = Entry(photos / "img10.png", "A boat.", RECORD)
    reviews.keep("caption", [edited, plain])
    assert again(reviews, Shown((photos,))) == {"img2.png": edited, "img10.png": plain}


def test_another_task_has_captions_of_its_own(reviews: Reviews, photos: Path) -> None:
    reviews.keep("caption", [Entry(photos / "img2.png", "A boat.", RECORD)])
    assert not again(reviews, Shown((photos,), task="alt"))["img2.png"].has_caption


def test_of_a_changed_picture_only_what_a_person_wrote_counts_and_is_to_be_looked_at(
    reviews: Reviews, photos: Path
) -> None:
    edited = Entry(photos / "img2.png", "My boat.", RECORD, edited=True, reviewed=True)
    reviews.keep("caption", [edited, Entry(photos / "img10.png", "A boat.", RECORD)])
    for name in ("img2.png", "img10.png"):
        (photos / name).write_bytes(b"another picture")
    found = again(reviews, Shown((photos,)))
    assert found["img2.png"] == Entry(edited.path, "My boat.", None, edited=True)
    assert found["img10.png"] == Entry(photos / "img10.png")


def test_what_a_person_wrote_is_found_again_under_another_name_and_in_another_folder(
    reviews: Reviews, photos: Path
) -> None:
    edited = Entry(photos / "img2.png", "My boat.", RECORD, edited=True, reviewed=True)
    reviews.keep("caption", [edited, Entry(photos / "img10.png", "A boat.", RECORD)])
    (photos / "img2.png").rename(photos / "below" / "harbour.png")
    (photos / "img10.png").rename(photos / "img11.png")
    found = again(reviews, Shown((photos,), recursive=True))
    assert found["harbour.png"] == replace(edited, path=photos / "below" / "harbour.png")
    assert not found["img11.png"].has_caption, "what the model said is found by the file's content, when it is asked"
    assert not again(reviews, Shown((photos,), recursive=True, task="alt"))["harbour.png"].has_caption


def test_an_edit_that_was_taken_back_does_not_return_with_another_name(reviews: Reviews, photos: Path) -> None:
    path = photos / "img2.png"
    reviews.keep("caption", [Entry(path, "My boat.", RECORD, edited=True, reviewed=True)])
    reviews.keep("caption", [Entry(path, "A boat.", RECORD)])
    path.rename(photos / "harbour.png")
    assert not again(reviews, Shown((photos,)))["harbour.png"].has_caption


def test_another_picture_of_the_same_size_and_date_is_not_taken_for_a_renamed_one(
    reviews: Reviews, photos: Path
) -> None:
    first = photos / "img2.png"
    reviews.keep("caption", [Entry(first, "My boat.", RECORD, edited=True, reviewed=True)])
    date = first.stat().st_mtime_ns
    (photos / "other.png").write_bytes(b"SOME PICTURE")
    os.utime(photos / "other.png", ns=(date, date))
    assert again(reviews, Shown((photos,)))["other.png"] == Entry(photos / "other.png")


def test_what_was_shown_last_is_remembered(reviews: Reviews, photos: Path) -> None:
    assert reviews.last_shown() == Shown()
    shown = Shown((photos,), recursive=True, task="alt", detail=2)
    reviews.remember(shown)
    assert reviews.last_shown() == shown


def test_a_name_that_is_no_utf8_is_kept_like_any_other(reviews: Reviews, photos: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(photos) + b"/\xff.png"))
    try:
        path.write_bytes(b"some picture")
    except OSError:
        pytest.skip("the disk takes no such name")
    reviews.keep("caption", [Entry(path, "A boat.", {**RECORD, "path": str(path)})])
    assert again(reviews, Shown((photos,)))[path.name].text == "A boat."


def test_where_nothing_can_be_kept_a_sentence_says_so_and_nothing_raises(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "data").write_bytes(b"in the way")
    reviews = Reviews(tmp_path / "data" / "reviews.sqlite3")
    assert "will not be kept" in (reviews.trouble or "")
    reviews.keep("caption", [Entry(photos / "img2.png", "A boat.", RECORD)])
    assert len(reviews.open(Shown((photos,)))[0]) == 2
    reviews.close()


def test_nobody_else_may_read_them(reviews: Reviews) -> None:
    assert reviews._store.file.stat().st_mode & 0o077 == 0
