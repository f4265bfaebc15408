"""Captions as they stand are written, and nobody's text is lost."""

import csv
import json
from pathlib import Path

import pytest

from app.folder.album import Entry
from app.folder.writing import write_lines, write_sidecars

RECORD = {"path": "a.png", "kind": "image", "text": "A boat.", "finish_reason": "stop", "blank": False}


def entry(folder: Path, name: str = "a.png", text: str = "A boat.", **more: object) -> Entry:
    return Entry(folder / name, text, RECORD, **more)  # type: ignore[arg-type]


def test_a_caption_stands_beside_its_picture(tmp_path: Path) -> None:
    made = entry(tmp_path, text="My boat.", edited=True)
    written = write_sidecars([made, Entry(tmp_path / "b.png")], [made.path, tmp_path / "b.png"])
    assert (tmp_path / "a.txt").read_text() == "My boat.\n" and not (tmp_path / "b.txt").exists()
    assert written.texts == {made.path: "My boat."} and not written.left and not written.failed


def test_two_pictures_that_would_share_a_name_have_their_full_names(tmp_path: Path) -> None:
    png, jpg = entry(tmp_path), entry(tmp_path, "a.jpg")
    write_sidecars([png], [png.path, jpg.path])
    assert (tmp_path / "a.png.txt").exists() and not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize("there", ["A boat.\n", "Written before.\n", "My boat.\n"])
def test_a_text_of_ours_is_replaced(tmp_path: Path, there: str) -> None:
    (tmp_path / "a.txt").write_text(there)
    made = entry(tmp_path, text="My boat.", edited=True, written="Written before.")
    assert not write_sidecars([made], [made.path]).left
    assert (tmp_path / "a.txt").read_text() == "My boat.\n"


def test_a_text_of_somebody_else_is_left_alone_until_it_is_to_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Somebody's own words.\n")
    made = entry(tmp_path)
    written = write_sidecars([made], [made.path])
    assert written.left == [made.path] and not written.texts
    assert (tmp_path / "a.txt").read_text() == "Somebody's own words.\n"
    write_sidecars([made], [made.path], overwrite=True)
    assert (tmp_path / "a.txt").read_text() == "A boat.\n"


def test_a_folder_that_is_gone_is_told_and_the_others_are_written(tmp_path: Path) -> None:
    gone, here = entry(tmp_path / "gone"), entry(tmp_path)
    written = write_sidecars([gone, here], [gone.path, here.path])
    assert len(written.failed) == 1 and "gone" in written.failed[0] and list(written.texts) == [here.path]


def test_json_lines_have_the_captions_as_they_stand_and_the_failures(tmp_path: Path) -> None:
    entries = [entry(tmp_path, text="My boat.", edited=True, reviewed=True), entry(tmp_path, "b.png")]
    entries += [Entry(tmp_path / "c.png", error="It is no picture."), Entry(tmp_path / "d.png")]
    assert write_lines(entries, tmp_path / "out.jsonl") == 3
    first, second, failed = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert (first["text"], first["edited"], first["reviewed"]) == ("My boat.", True, True)
    assert (second["text"], second["edited"], second["finish_reason"]) == ("A boat.", False, "stop")
    assert failed["error"] == "It is no picture."


def test_csv_has_a_row_for_each(tmp_path: Path) -> None:
    write_lines([entry(tmp_path, text="My boat.", edited=True)], tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["text"] == "My boat." and row["path"] == "a.png"


def test_a_caption_that_only_a_person_wrote_is_a_line_too(tmp_path: Path) -> None:
    write_lines([Entry(tmp_path / "a.png", "Mine.", edited=True, reviewed=True)], tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text())["text"] == "Mine."


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none of \.jsonl, \.csv"):
        write_lines([], tmp_path / "out.xlsx")
