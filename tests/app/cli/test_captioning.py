"""`smolsight describe CLIP --captions`: every second of a clip captioned, and what is left when it does not go well."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from mlx_model.errors import ContextLimitError
from mlx_model.media.video import Clip
from mlx_model.prompting.prompt import Text
from tests.app.cli.conftest import Run, objects
from tests.app.cli.scripted_model import ScriptedModel
from tests.checkpoints import write_checkpoint
from tests.clips import CLIPS, write_clip

CLIP = CLIPS / "steady.mp4"  # four seconds of one grey frame after the other, so each of them is blank


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Six seconds, ten frames each, that are not blank."""
    return write_clip(tmp_path / "clip.avi", count=60)


def windows(model: ScriptedModel) -> list[Clip]:
    return [part for request in model.requests for part in request.parts if isinstance(part, Clip)]


def questions(model: ScriptedModel) -> list[str]:
    return [part.text for request in model.requests for part in request.parts if isinstance(part, Text)]


def test_a_clip_is_captioned_to_its_end(run: Run, model: ScriptedModel, clip: Path) -> None:
    result = run("describe", clip, "--captions", "srt", "--every", "2.5")
    assert result.stdout == (
        "1\n00:00:00,000 --> 00:00:02,500\nA red boat.\n\n"
        "2\n00:00:02,500 --> 00:00:05,000\nA red boat.\n\n"
        "3\n00:00:05,000 --> 00:00:06,000\nA red boat.\n\n"
    )
    assert (result.exit_code, result.stderr, model.loads) == (0, "", 1)
    assert [len(window.tiles) for window in windows(model)] == [2, 2, 1]


def test_windows_are_of_five_seconds_and_asked_about_in_few_words(run: Run, model: ScriptedModel, clip: Path) -> None:
    run("describe", clip, "--captions", "vtt")
    assert [(window.watching.start, window.watching.end) for window in windows(model)] == [(0, 5), (5, 6)]
    assert questions(model) == ["Write a short caption for this video."] * 2
    assert model.requests[0].max_tokens == 64


def test_the_users_question_and_options_are_those_of_every_window(run: Run, model: ScriptedModel, clip: Path) -> None:
    options = ["--fps", "3", "--max-frames", "4", "--start", "1", "--end", "0:04", "--max-tokens", "7"]
    run("describe", clip, "--captions", "md", "--every", "1.5", "-q", "Who?", *options)
    seen = windows(model)
    assert [(window.watching.start, window.watching.end, len(window.tiles)) for window in seen] == [
        (1, 2.5, 4),
        (2.5, 4, 4),
    ]
    assert questions(model) == ["Who?"] * 2
    assert model.requests[0].max_tokens == 7


def test_json_lines_have_the_fields_of_an_answer_and_their_span(run: Run, model: ScriptedModel, clip: Path) -> None:
    records = objects(run("describe", clip, "--captions", "jsonl", "--every", "4").stdout)
    assert [record["span"] for record in records] == [{"start": 0, "end": 4}, {"start": 4, "end": 6}]
    assert [record["text"] for record in records] == ["A red boat."] * 2
    assert {record["kind"] for record in records} == {"clip"}
    assert records[0]["path"] == str(clip) and "generated_tokens" in records[0]


def test_what_is_blank_is_named_without_the_model(run: Run, model: ScriptedModel) -> None:
    (record, _) = objects(run("describe", CLIP, "--captions", "jsonl", "--every", "2", "--max-frames", "1").stdout)
    assert (record["blank"], record["kind"], record["text"]) == (True, "clip", "A blank black image.")
    assert model.requests == []
    run("describe", CLIP, "--captions", "jsonl", "-q", "What is it?")
    assert len(model.requests) == 1, "a question always reaches the model"


def test_what_does_not_change_is_asked_about_once(run: Run, model: ScriptedModel, tmp_path: Path) -> None:
    still = write_clip(tmp_path / "still.avi", count=100, still=True)
    result = run("describe", still, "--captions", "jsonl", "--every", "2")
    spans = [record["span"] for record in objects(result.stdout)]
    assert spans == [{"start": 2 * number, "end": 2 * number + 2} for number in range(5)]
    assert len(model.requests) == 1
    run("describe", still, "--captions", "jsonl", "--every", "2", "--temperature", "1")
    assert len(model.requests) == 1 + 5, "drawn words differ"


def test_a_file_gets_it_all_and_stdout_nothing(run: Run, model: ScriptedModel, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.vtt"
    out.write_text("old")
    result = run("describe", clip, "--captions", "vtt", "--out", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert out.read_text().startswith("WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nA red boat.\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.avi", "out.vtt", "scripted"]


def stop(model: ScriptedModel) -> None:
    """Let Ctrl-C come while the second window is asked about."""
    plain, count = model.stream_answer, 0

    def stopping(*args: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count == 2:
            model.pieces = ["Half a", lambda: os.kill(os.getpid(), signal.SIGINT)]
        return plain(*args, **options)

    model.stream_answer = stopping  # type: ignore[method-assign]


@pytest.mark.parametrize("form", ["srt", "vtt", "jsonl", "md"])
def test_ctrl_c_leaves_what_was_done(
    run: Run, model: ScriptedModel, clip: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(model)
    monkeypatch.setattr("mlx_model.answering.answer.stream_answer", model.stream_answer)
    result = run("describe", clip, "--captions", form, "--every", "2", "--summary")
    assert result.exit_code == 130
    assert result.stdout.count("A red boat.") == 1
    assert "Half a" not in result.stdout
    assert len(model.requests) == 2


@pytest.mark.parametrize("existed", [False, True])
def test_ctrl_c_leaves_a_file_with_what_was_done_or_the_one_that_was_there(
    run: Run,
    model: ScriptedModel,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    existed: bool,
) -> None:
    stop(model)
    monkeypatch.setattr("mlx_model.answering.answer.stream_answer", model.stream_answer)
    out = tmp_path / "out.srt"
    if existed:
        out.write_text("old")
    result = run("describe", clip, "--captions", "srt", "--every", "2", "--out", out)
    assert result.exit_code == 130
    if existed:
        assert out.read_text() == "old"
    else:
        assert out.read_text() == "1\n00:00:00,000 --> 00:00:02,000\nA red boat.\n\n"
        assert "holds the captions that were done by then" in result.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_nothing_done_leaves_no_file(run: Run, model: ScriptedModel, clip: Path, tmp_path: Path) -> None:
    model.pieces = [RuntimeError("No memory.")]
    result = run("describe", clip, "--captions", "srt", "--out", tmp_path / "out.srt")
    assert (result.exit_code, result.stdout) == (1, "")
    assert not (tmp_path / "out.srt").exists()


def test_a_summary_is_made_of_the_captions_with_their_times(run: Run, model: ScriptedModel, clip: Path) -> None:
    result = run("describe", clip, "--captions", "md", "--every", "2", "--summary")
    assert result.stdout.endswith("\n## Summary\n\nA red boat.\n")
    last = questions(model)[-1]
    assert "0:00 – 0:06: A red boat." in last, "the same words in a row are one line"
    assert model.requests[-1].media == [] and model.requests[-1].max_tokens == 256


@pytest.mark.parametrize("to_file", [False, True])
def test_srt_has_no_place_for_a_summary_so_it_is_said_beside(
    run: Run, model: ScriptedModel, clip: Path, tmp_path: Path, to_file: bool
) -> None:
    options = ["--out", tmp_path / "out.srt"] if to_file else []
    result = run("describe", clip, "--captions", "srt", "--every", "10", "--summary", *options)
    if to_file:
        assert (result.stdout, result.stderr) == ("A red boat.\n", "")
        assert (tmp_path / "out.srt").read_text().count("A red boat.") == 1
    else:
        assert (result.stdout.count("A red boat."), result.stderr) == (1, "A red boat.\n")


def test_json_lines_end_with_the_summary(run: Run, model: ScriptedModel, clip: Path) -> None:
    records = objects(run("describe", clip, "--captions", "jsonl", "--summary").stdout)
    assert [record["kind"] for record in records] == ["clip", "clip", "summary"]
    assert records[-1]["span"] == {"start": 0, "end": 6}


def test_more_captions_than_the_model_can_read_are_summed_up_in_parts(
    run: Run, model: ScriptedModel, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, count = model.stream_answer, 0

    def limited(*args: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        model.pieces = [f"Answer {count}."]
        if args[1].messages[-1].parts[-1].text.count("Answer") > 3:
            raise ContextLimitError("Too long.")
        return plain(*args, **options)

    monkeypatch.setattr("mlx_model.answering.answer.stream_answer", limited)
    result = run("describe", clip, "--captions", "md", "--every", "1", "--summary")
    assert result.exit_code == 0
    assert result.stdout.endswith("## Summary\n\nAnswer 10.\n"), "six windows, one refusal, two halves, one whole"
    assert questions(model)[-1].count("Answer") == 2


def test_captions_that_were_cut_off_are_counted_once(run: Run, model: ScriptedModel, clip: Path) -> None:
    from dataclasses import replace

    model.answer = replace(model.answer, finish_reason="length")
    result = run("describe", clip, "--captions", "srt", "--every", "2")
    assert "3 of 3 captions were cut off after 64 tokens; --max-tokens allows more." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{clip}", "--every", "5"], "--every goes with --captions"),
        (["{clip}", "--out", "x.srt"], "say --captions, --write jsonl or --write csv"),
        (["{clip}", "--summary"], "--summary goes with --captions"),
        (["{clip}", "{clip}", "--captions", "srt"], "--captions takes one clip"),
        (["-q", "Why?", "--captions", "srt"], "--captions is for clips, and there is no input"),
        (["{clip}", "--captions", "srt", "--json"], "leave out --json and what is for many"),
        (["{clip}", "--captions", "srt", "--batch", "4"], "leave out --json and what is for many"),
        (["{picture}", "--captions", "srt"], "--captions is for clips, and no input is one"),
        (["{clip}", "--captions", "txt"], "'txt' is not one of"),
        (["{clip}", "--captions", "srt", "--every", "0"], "0"),
        (["{clip}", "--captions", "srt", "--every", "nan"], "not a finite number"),
    ],
)
def test_wrong_usage_says_what_is_right(
    run: Run, model: ScriptedModel, clip: Path, picture: Path, arguments: list[str], sentence: str
) -> None:
    words = [word.format(clip=clip, picture=picture) for word in arguments]
    result = run("describe", *words)
    assert (result.exit_code, result.stdout, model.loads) == (2, "", 0)
    assert sentence in " ".join(result.stderr.split())


@pytest.mark.parametrize(("name", "loads"), [("sound.mp4", 0), ("gone.mp4", 0)])
def test_what_is_no_clip_is_found_before_the_model_is_read(
    run: Run, model: ScriptedModel, name: str, loads: int
) -> None:
    result = run("describe", CLIPS / name, "--captions", "srt")
    assert (result.exit_code, result.stdout, model.loads) == (3, "", loads)


def test_a_place_that_cannot_be_written_to_is_one_sentence(
    run: Run, model: ScriptedModel, clip: Path, tmp_path: Path
) -> None:
    for out, sentence in ((tmp_path / "no" / "out.srt", "No such file"), (Path("/dev/null"), "no regular file")):
        result = run("describe", clip, "--captions", "srt", "--out", out)
        assert result.exit_code == 1 and sentence in result.stderr
    assert Path("/dev/null").is_char_device()


def test_a_model_of_words_alone_cannot_watch(run: Run, model: ScriptedModel, clip: Path) -> None:
    model.image_config = None
    result = run("describe", clip, "--captions", "srt")
    assert result.exit_code == 3 and "reads text alone" in result.stderr


def test_a_real_model_captions_every_window_and_sums_up(run: Run, clip: Path, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "256m", "256m")
    options = ["--captions", "jsonl", "--every", "2", "--max-tokens", "5", "--summary"]
    result = run("describe", clip, *options, model=str(folder))
    assert result.exit_code == 0
    *records, summary = objects(result.stdout)
    assert [record["span"] for record in records] == [{"start": n, "end": n + 2} for n in (0, 2, 4)]
    assert [record["tiles"] for record in records] == [2, 2, 2]
    assert len({record["prompt_tokens"] for record in records}) == 1, "times run from each window's own beginning"
    assert (summary["kind"], summary["tiles"]) == ("summary", 0)


def test_windows_read_what_their_prompts_begin_with_once_and_say_what_each_would_alone(
    run: Run, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_checkpoint(tmp_path / "256m", "256m")
    options = ["describe", clip, "--captions", "jsonl", "--every", "2", "--max-tokens", "8", "--no-repetition-guard"]
    shared = objects(run(*options, model=str(folder)).stdout)
    monkeypatch.setattr("app.cli.captioning.CAPTIONS", None)
    alone = objects(run(*options, model=str(folder)).stdout)
    assert [record["text"] for record in shared] == [record["text"] for record in alone]
    assert len({record["text"] for record in shared}) == 3, "the windows differ"
    assert [record["cached_tokens"] for record in alone] == [0, 0, 0]
    first, *later = shared
    assert first["cached_tokens"] == 0
    before_the_first_frame = "<|im_start|>User: You are provided the following series of two frames from a 0:00:02"
    assert all(record["cached_tokens"] >= len(before_the_first_frame) - 20 for record in later), "a byte is a token"
