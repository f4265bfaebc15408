"""Captions are settled, edited, reviewed, replaced and put back, and the counts follow."""

from pathlib import Path

import pytest

from app.asking.describing import Outcome
from app.folder.album import KINDS, Album, Entry
from mlx_model.errors import InputError


def record(text: str, finish_reason: str = "stop", *, blank: bool = False) -> dict[str, object]:
    return {"text": text, "finish_reason": finish_reason, "blank": blank}


def paths(count: int) -> list[Path]:
    return [Path(f"/photos/{number}.png") for number in range(count)]


@pytest.fixture
def album() -> Album:
    """A boat, a loop, a blank one, one that failed, one that was never asked about."""
    made = Album([Entry(path) for path in paths(5)])
    made.wait_for(range(4))
    said = [record("A red boat."), record("the the", "repetition"), record("A blank image.", blank=True), None]
    for path, one in zip(paths(4), said, strict=True):
        made.settle(Outcome(path, one, None if one else InputError("It is no picture.")))
    return made


def test_each_kind_shows_its_own_and_the_counts_agree(album: Album) -> None:
    shown = {kind: album.wanted(kind) for kind in KINDS}
    assert shown == {
        "all": [0, 1, 2, 3, 4],
        "unreviewed": [0, 1, 2],
        "reviewed": [],
        "repeated": [1],
        "blank": [2],
        "failed": [3],
    }
    assert {kind: album.counts[kind] for kind in KINDS} == {kind: len(places) for kind, places in shown.items()}
    assert album.described == 3 and album.undescribed() == [3, 4] and not album.waiting


def test_words_are_found_in_captions_and_file_names_whatever_their_case(album: Album) -> None:
    assert album.wanted("all", "RED") == [0]
    assert album.wanted("all", "3.png") == [3]
    assert album.wanted("repeated", "red") == []


def test_an_edited_caption_is_reviewed_and_no_more_a_repeated_one(album: Album) -> None:
    before = album.edit(1, " A lighthouse. ")
    assert album.entries[1].text == "A lighthouse." and album.wanted("reviewed") == [1]
    assert album.wanted("repeated") == [] and album.counts["repeated"] == 0
    album.put_back(before)
    assert album.entries[1].text == "the the" and album.counts["repeated"] == 1


@pytest.mark.parametrize(("place", "text"), [(0, "A red boat."), (4, "  ")])
def test_an_edit_that_changes_nothing_marks_nothing(album: Album, place: int, text: str) -> None:
    assert not album.edit(place, text)
    assert not album.entries[place].reviewed


def test_a_caption_may_be_written_where_the_model_said_nothing(album: Album) -> None:
    album.edit(3, "A torn photo.")
    assert album.entries[3].has_caption and not album.entries[3].error and album.counts["failed"] == 0


def test_what_has_no_caption_cannot_be_reviewed(album: Album) -> None:
    album.review(range(5), True)
    assert album.wanted("reviewed") == [0, 1, 2]
    album.review([0], False)
    assert album.wanted("reviewed") == [1, 2]


def test_an_answer_does_not_replace_what_a_person_wrote_meanwhile(album: Album) -> None:
    album.wait_for([4])
    album.edit(4, "Mine.")
    album.settle(Outcome(paths(5)[4], record("Its own.")))
    assert album.entries[4].text == "Mine." and album.entries[4].record == record("Its own.")


def test_asked_for_again_the_answer_replaces_the_edit_and_the_mark(album: Album) -> None:
    album.edit(0, "Mine.")
    album.wait_for([0])
    album.settle(Outcome(paths(1)[0], record("Its own.")))
    entry = album.entries[0]
    assert (entry.text, entry.edited, entry.reviewed) == ("Its own.", False, False)


def test_the_same_answer_again_leaves_the_mark(album: Album) -> None:
    album.review([0], True)
    album.wait_for([0])
    album.settle(Outcome(paths(1)[0], record("A red boat.")))
    assert album.entries[0].reviewed


def test_a_stopped_run_leaves_the_edit_that_was_to_be_replaced(album: Album) -> None:
    album.edit(0, "Mine.")
    album.wait_for([0])
    album.wait_no_more()
    assert album.entries[0].text == "Mine." and album.entries[0].edited
    album.wait_for([4])
    album.settle(Outcome(paths(1)[0], record("Its own.")))
    assert album.entries[0].text == "Mine."


def test_words_are_replaced_literally_and_the_marks_stay(album: Album) -> None:
    album.review([0], True)
    before = album.replace_words(range(5), "RED BOAT.", r"\1 (ship)")
    assert album.entries[0].text == r"A \1 (ship)" and album.entries[0].reviewed and album.entries[0].edited
    assert list(before) == [0]
    assert not album.replace_words(range(5), "SHIP", "boat", match_case=True)
    assert not album.replace_words(range(5), "", "boat")


def test_what_changed_is_told_once(album: Album) -> None:
    assert album.take_changed() == {0, 1, 2, 3}
    assert [entry.path for entry in album.take_unkept()] == paths(4)
    album.wait_for([4])
    assert album.take_changed() == {4} and album.take_unkept() == []


def test_an_outcome_about_another_folder_is_ignored(album: Album) -> None:
    album.settle(Outcome(Path("/elsewhere/0.png"), record("A cat.")))
    assert len(album) == 5 and album.described == 3
