"""The log keeps times, and becomes a file that others read."""

import json
from pathlib import Path

import pytest

from app.live import log
from app.live.log import Entry, LiveLog


def entry(began: float, text: str, kind: str = "caption") -> Entry:
    made = Entry(began, began, text, b"", "What?", "256m", 0.5)
    made.kind = "told" if kind == "told" else "caption"
    return made


@pytest.fixture
def filled() -> LiveLog:
    made = LiveLog()
    for began, text, kind in ((100.0, "A cat.", "caption"), (101.5, "a dog", "told"), (103.0, "<b>A dog", "caption")):
        made.add(entry(began, text, kind))
    return made


def test_a_caption_lasts_until_the_next_and_the_last_one_a_moment(filled: LiveLog, tmp_path: Path) -> None:
    filled.export(tmp_path / "log.srt")
    text = (tmp_path / "log.srt").read_text()
    assert "00:00:00,000 --> 00:00:03,000\nA cat.\n" in text
    assert "00:00:03,000 --> 00:00:04,000\n‹b>A dog\n" in text
    assert "a dog" not in text


def test_json_lines_have_the_moment_the_question_and_what_was_told(filled: LiveLog, tmp_path: Path) -> None:
    filled.export(tmp_path / "log.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["caption", "told", "caption"]
    assert rows[0]["span"] == {"start": 0.0, "end": 3.0}
    assert rows[0]["question"] == "What?" and rows[0]["time"].startswith("19")


def test_markdown_shows_no_markup_of_the_models(filled: LiveLog, tmp_path: Path) -> None:
    filled.export(tmp_path / "log.md")
    text = (tmp_path / "log.md").read_text()
    assert text.startswith("# Live, ") and "\\<b\\>A dog" in text


def test_another_ending_is_refused_and_writes_nothing(filled: LiveLog, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"log.txt ends in none of \.srt"):
        filled.export(tmp_path / "log.txt")
    assert list(tmp_path.iterdir()) == []


def test_what_still_holds_makes_the_last_caption_longer(filled: LiveLog) -> None:
    assert filled.repeats("<b>A dog") and not filled.repeats("A cat.")
    filled.go_on(110.0)
    assert filled.entries[-1].ended == 110.0


def test_a_full_log_says_so(filled: LiveLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MOST_ENTRIES", 2)
    assert filled.is_over_full
    filled.drop_oldest()
    assert not filled.is_over_full and filled.entries[0].text == "a dog"
