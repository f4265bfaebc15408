"""Caption files as other programs read them: times to the millisecond, every word, whatever a model may say."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.answers.captions import FORMATS, LINE_WIDTH, Caption
from app.answers.clock import clock, span

LONG = "A man in a red coat walks along the harbour wall while two gulls circle above a small boat that is moored."
CAPTIONS = [
    Caption(0.0, 5.0, "A red boat."),
    Caption(5.0, 10.04, LONG),
    Caption(10.04, 3661.5, "Three\n\nlines -->\n  of text"),
    Caption(3661.5, 360_000.25, "5"),
]
HOSTILE = Caption(0.0, 1.5, 'AT&T <b>bold</b> <i>x {\\an8} 1 < 2 > 0 &amp; "[*_`#|~]" --> 00:00:09,000 NOTE')
SUMMARY = Caption(0.0, 360_000.25, "A boat & a man --> all day.")
TIMES = re.compile(r"(\d\d+):(\d\d):(\d\d)[.,](\d\d\d)")


def written(name: str, captions: list[Caption], summary: Caption | None = None) -> str:
    form = FORMATS[name]()
    text = form.begin("clip_1.mp4") + "".join(map(form.add, captions))
    return text + (form.summarize(summary) if summary else "")


def as_ffmpeg_reads(name: str, content: str, folder: Path) -> list[tuple[float, float, str]]:
    """Every cue as FFmpeg's reader finds it: start, end, text, markup taken out."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg")
    path = folder / f"captions.{name}"
    path.write_text(content, encoding="utf-8")
    to_ass = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "ass", "-"]
    ass = subprocess.run(to_ass, check=True, capture_output=True, text=True).stdout
    probe = ["ffprobe", "-v", "error", "-show_entries", "packet=pts_time,duration_time", "-of", "json", str(path)]
    packets = json.loads(subprocess.run(probe, check=True, capture_output=True, text=True).stdout)["packets"]
    texts = [line.split(",", 9)[9] for line in ass.splitlines() if line.startswith("Dialogue:")]
    spans = [(float(one["pts_time"]), float(one["pts_time"]) + float(one["duration_time"])) for one in packets]
    return [(*when, text) for when, text in zip(spans, texts, strict=True)]


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_ffmpeg_reads_every_cue_with_its_times_and_words(name: str, tmp_path: Path) -> None:
    read = as_ffmpeg_reads(name, written(name, CAPTIONS[:3], SUMMARY), tmp_path)
    assert [cue[0] for cue in read] == pytest.approx([one.start for one in CAPTIONS[:3]])
    assert [cue[1] for cue in read] == pytest.approx([one.end for one in CAPTIONS[:3]])
    words = [cue[2].replace("\\N", " ").split() for cue in read]
    assert words[:2] == ["A red boat.".split(), LONG.split()]
    assert words[2] == ["Three", "lines", "-->" if name == "vtt" else "->", "of", "text"]


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_what_looks_like_markup_is_shown_as_words(name: str, tmp_path: Path) -> None:
    ((start, end, text),) = as_ffmpeg_reads(name, written(name, [HOSTILE]), tmp_path)
    assert (start, end) == (0.0, 1.5)
    for word in ("AT&T", "bold", "1 < 2 > 0", "00:00:09,000 NOTE"):
        assert word in text.replace("\\N", " ")
    # FFmpeg turns markup that it takes for such into braces of its own.
    assert "{\\b" not in text and "{\\i" not in text


def test_lines_are_short_and_no_blank_one_ends_a_cue_early() -> None:
    for name in ("srt", "vtt"):
        blocks = written(name, CAPTIONS).strip().split("\n\n")[name == "vtt" :]
        assert len(blocks) == len(CAPTIONS)
        lines = [line for block in blocks for line in block.splitlines()]
        assert max(map(len, lines)) <= LINE_WIDTH
        assert " ".join(blocks[1].splitlines()[1 + (name == "srt") :]) == LONG


def test_a_word_longer_than_a_line_is_broken_rather_than_lost() -> None:
    text = "a" * 100
    assert "".join(written("srt", [Caption(0, 1, text)]).splitlines()[2:]) == text


def test_srt_cues_are_numbered_from_one() -> None:
    assert [block.splitlines()[0] for block in written("srt", CAPTIONS).strip().split("\n\n")] == list("1234")


@pytest.mark.parametrize("name", ["srt", "vtt", "md"])
def test_an_answer_without_words_still_has_its_place(name: str) -> None:
    assert "(no words)" in written(name, [Caption(0, 5, "")])


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "00:00:00.000"),
        (0.0004, "00:00:00.000"),
        (0.9996, "00:00:01.000"),
        (59.9999, "00:01:00.000"),
        (3599.9996, "01:00:00.000"),
        (360_000.25, "100:00:00.250"),
    ],
)
def test_times_round_to_the_millisecond_and_carry(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
    assert clock(seconds, ",") == shown.replace(".", ",")


def test_spans_are_written_as_people_do() -> None:
    assert [span(0, 5), span(7.5, 3730), span(59.96, 60)] == ["0:00 – 0:05", "0:07.5 – 1:02:10", "0:59.96 – 1:00"]


def test_consecutive_spans_meet_exactly() -> None:
    edges = [round(number * 3.3, 6) for number in range(200)]
    text = written("srt", [Caption(a, b, "x") for a, b in zip(edges, edges[1:], strict=False)])
    times = TIMES.findall(text)
    assert times[1:-1:2] == times[2::2]


def test_json_lines_keep_what_is_known_and_end_with_the_summary() -> None:
    record = {"path": "clip.mp4", "kind": "clip", "text": "other", "finish_reason": "stop"}
    lines = written("jsonl", [Caption(0, 5, "A\nboat.", record)], Caption(0, 5, "All.", {"kind": "summary"}))
    first, last = map(json.loads, lines.splitlines())
    assert first == {**record, "text": "A\nboat.", "span": {"start": 0, "end": 5}}
    assert (last["kind"], last["text"]) == ("summary", "All.")


def test_markdown_is_a_list_with_its_markup_our_own() -> None:
    text = written("md", [CAPTIONS[0], HOSTILE], SUMMARY)
    assert text.startswith("# clip\\_1.mp4\n\n- **0:00 – 0:05** A red boat.\n")
    assert "\\<b\\>bold\\</b\\>" in text
    assert text.endswith("\n## Summary\n\nA boat & a man --\\> all day.\n")


def test_a_vtt_summary_is_a_comment_and_srt_has_no_place_for_one() -> None:
    assert written("vtt", [], SUMMARY) == "WEBVTT\n\nNOTE\nA boat &amp; a man --&gt; all day.\n\n"
    assert written("srt", [], SUMMARY) == ""
