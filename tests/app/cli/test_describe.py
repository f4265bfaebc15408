"""`smolsight describe`: what reaches stdout and stderr, and the exit code, with a scripted model."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.cli.inputs import STDIN_LIMIT
from mlx_model.errors import CheckpointError, ContextLimitError, DetailError
from mlx_model.events import Confidence
from tests.app.cli.conftest import Run
from tests.app.cli.scripted_model import ANSWER, ScriptedModel

# The design's fields, in its order; `span` comes with clips.
FIELDS = {
    "path": str,
    "kind": str,
    "model": str,
    "notice": type(None),
    "question": str,
    "text": str,
    "finish_reason": str,
    "blank": bool,
    "confidence": dict,
    "detail": str,
    "grid": list,
    "tiles": int,
    "image_tokens": int,
    "prompt_tokens": int,
    "cached_tokens": int,
    "generated_tokens": int,
    "seconds": dict,
    "tokens_per_second": float,
    "peak_memory_bytes": int,
}
STAGES = ["load", "preprocess", "vision", "prefill", "first_token", "decode"]


def objects(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


def asked(model: ScriptedModel) -> str:
    """The words of the only request."""
    (request,) = model.requests
    return request.messages[-1].parts[-1].text


def test_the_answer_is_all_that_stdout_gets(run: Run, model: ScriptedModel, picture: Path) -> None:
    result = run("describe", picture)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "A red boat.\n", "")


@pytest.mark.parametrize("pieces", [[" A red", " boat.", "\n\n"], ["\n", "A red boat."], [" ", " A red boat. ", " "]])
@pytest.mark.parametrize("way", ["--stream", "--no-stream"])
def test_white_space_around_an_answer_goes(
    run: Run, model: ScriptedModel, picture: Path, pieces: list[Any], way: str
) -> None:
    model.pieces = pieces
    assert run("describe", way, picture).stdout == "A red boat.\n"


def test_white_space_inside_an_answer_stays(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.pieces = ["one\n", "\n  two", "\t", "three"]
    assert run("describe", picture).stdout == "one\n\n  two\tthree\n"


def test_a_model_cannot_steer_the_terminal(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.pieces = ["\x1b[31mred", "\x1b]0;title\x07", "\r\x9b2J"]
    assert run("describe", picture).stdout == "[31mred]0;title2J\n"
    assert "\\u009b" not in run("describe", "--json", picture).stdout


def test_an_empty_answer_is_an_empty_line(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.pieces = []
    assert run("describe", picture).stdout == "\n"
    assert run("describe", picture, picture).stdout == f"{picture}:\n{picture}:\n"


def test_with_several_pictures_every_line_begins_with_its_path(
    run: Run, model: ScriptedModel, picture: Path, tmp_path: Path
) -> None:
    model.pieces = ["one\n", "two"]
    other = tmp_path / "other.png"
    other.write_bytes(picture.read_bytes())
    expected = "".join(f"{path}: {line}\n" for path in (picture, other) for line in ("one", "two"))
    assert run("describe", picture, other).stdout == expected
    assert run("describe", "--no-stream", picture, other).stdout == expected
    assert model.loads == 2, "each run loads the model once"


def test_a_failed_input_does_not_stop_the_others(run: Run, model: ScriptedModel, picture: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.png"
    result = run("describe", gone, picture)
    assert result.exit_code == 3
    assert result.stdout == f"{picture}: A red boat.\n"
    assert result.stderr == f"smolsight: {gone} does not exist.\n"


def test_the_worst_exit_code_is_returned(run: Run, model: ScriptedModel, picture: Path, tmp_path: Path) -> None:
    model.pieces = [ContextLimitError("Too long.")]
    assert run("describe", picture).exit_code == 1
    assert run("describe", tmp_path / "gone.png", picture).exit_code == 3


def test_a_hostile_file_name_is_shown_harmless(run: Run, model: ScriptedModel, picture: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "a\x1b[2J\nb.png"
    hostile.write_bytes(picture.read_bytes())
    result = run("describe", hostile, tmp_path / "c\x1b[2J.png")
    assert result.stdout == f"{tmp_path}/a?[2J?b.png: A red boat.\n"
    assert result.stderr == f"smolsight: {tmp_path}/c?[2J.png does not exist.\n"


def test_a_picture_comes_from_standard_input(run: Run, model: ScriptedModel, picture: Path) -> None:
    result = run("describe", "-", "--json", stdin=picture.read_bytes())
    assert (result.exit_code, objects(result.stdout)[0]["path"]) == (0, "-")
    assert model.requests[0].pictures[0].image.size == (64, 48)


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"", "was empty"), (b"GIF89a", "standard input"), (b"words", "standard input")]
)
def test_what_is_no_picture_on_standard_input_is_a_bad_input(
    run: Run, model: ScriptedModel, content: bytes, sentence: str
) -> None:
    result = run("describe", "-", stdin=content)
    assert result.exit_code == 3
    assert sentence in result.stderr.lower()


def test_standard_input_is_read_up_to_a_limit(run: Run, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    assert STDIN_LIMIT == 256 * 2**20
    monkeypatch.setattr("app.cli.inputs.STDIN_LIMIT", 2**20)
    result = run("describe", "-", stdin=b"x" * (2**20 + 1))
    assert (result.exit_code, result.stdout) == (3, "")
    assert "went on past 1 MiB" in result.stderr


@pytest.mark.parametrize(
    ("task", "words", "detail"),
    [
        ("caption", "Describe this image.", "auto"),
        ("text", "Read all the text in this image.", "high"),
        ("document", "Convert this page to docling.", "high"),
    ],
)
def test_a_task_brings_its_words_and_its_detail(
    run: Run, model: ScriptedModel, picture: Path, task: str, words: str, detail: str
) -> None:
    run("describe", "--task", task, picture)
    assert asked(model) == words
    assert model.requests[0].detail == detail


def test_options_go_before_what_a_task_says(run: Run, model: ScriptedModel, picture: Path) -> None:
    options = ["--detail", "3", "--max-tokens", "7", "--temperature", "0.5", "--top-p", "0.9", "--seed", "1", "--raw"]
    run("describe", "--task", "text", *options, "--no-repetition-guard", picture)
    (request,) = model.requests
    assert (request.detail, request.max_tokens, request.raw, request.repetition_guard) == (3, 7, True, False)
    assert (request.sampling.temperature, request.sampling.top_p, request.sampling.seed) == (0.5, 0.9, 1)


def test_a_question_is_asked_in_the_users_words(run: Run, model: ScriptedModel, picture: Path) -> None:
    run("describe", picture, "-q", "What <image> says?")
    assert asked(model) == "What <image> says?"
    assert (model.requests[0].detail, model.requests[0].max_tokens) == ("auto", 512)


def test_without_pictures_the_model_is_asked_in_words_alone(run: Run, model: ScriptedModel) -> None:
    result = run("describe", "-q", "What is a harbour?", "--json")
    (record,) = objects(result.stdout)
    assert (record["path"], record["kind"], record["grid"], record["tiles"]) == (None, "text", None, 0)
    assert model.requests[0].pictures == []


def test_together_asks_once_about_all(run: Run, model: ScriptedModel, picture: Path, blank: Path) -> None:
    result = run("describe", "--together", "--json", picture, blank, "-q", "What changed?")
    (record,) = objects(result.stdout)
    assert (record["path"], record["kind"], record["tiles"]) == ([str(picture), str(blank)], "images", 6)
    assert record["grid"] == [[1, 2], [1, 2]]
    assert [part.name for part in model.requests[0].pictures] == [str(picture), str(blank)]


def test_together_fails_as_one(run: Run, model: ScriptedModel, picture: Path, tmp_path: Path) -> None:
    result = run("describe", "--together", "--json", picture, tmp_path / "gone.png")
    assert result.exit_code == 3
    assert objects(result.stdout)[0]["path"] == [str(picture), str(tmp_path / "gone.png")]
    assert model.requests == []


@pytest.mark.parametrize("task", ["caption", "short", "alt", "tags"])
def test_an_empty_picture_is_named_from_its_pixels(run: Run, model: ScriptedModel, blank: Path, task: str) -> None:
    (record,) = objects(run("describe", "--task", task, "--json", blank).stdout)
    assert (record["blank"], record["finish_reason"], record["generated_tokens"]) == (True, "stop", 0)
    assert "white" in record["text"]
    assert list(record) == list(FIELDS)
    assert model.requests == []


def test_an_empty_picture_reaches_the_model_with_a_question_or_to_be_read(
    run: Run, model: ScriptedModel, blank: Path
) -> None:
    for options in (["-q", "What is this?"], ["--task", "text"]):
        (record,) = objects(run("describe", *options, "--json", blank).stdout)
        assert record["blank"] is False
    assert len(model.requests) == 2


def test_alt_text_is_one_short_line(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.pieces = ["The image shows a red boat.\n", "It lies in a harbour. " * 20]
    result = run("describe", "--task", "alt", picture)
    assert result.stdout.startswith("A red boat. It lies in a harbour.")
    assert len(result.stdout) <= 126
    (record,) = objects(run("describe", "--task", "alt", "--json", picture).stdout)
    assert record["text"] + "\n" == result.stdout


def test_json_has_the_designs_fields_in_its_order(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.answer = replace(ANSWER, confidence=Confidence(mean=0.9, lowest=0.5))
    result = run("describe", "--json", picture)
    (record,) = objects(result.stdout)
    assert {name: type(value) for name, value in record.items()} == FIELDS
    assert list(record) == list(FIELDS)
    assert list(record["seconds"]) == STAGES
    assert record["confidence"] == {"mean": 0.9, "lowest": 0.5}
    assert (record["path"], record["kind"], record["model"]) == (str(picture), "image", "scripted")
    assert (record["question"], record["text"]) == ("Describe this image.", "A red boat.")
    assert (record["detail"], record["grid"], record["tiles"], record["image_tokens"]) == ("auto", [1, 2], 3, 48)
    assert result.stderr == ""


def test_json_of_a_failure_says_what_and_of_which_kind(
    run: Run, model: ScriptedModel, picture: Path, tmp_path: Path
) -> None:
    gone = str(tmp_path / "gone.png")
    result = run("describe", "--json", gone, picture)
    failure, record = objects(result.stdout)
    assert failure == {"path": gone, "error": f"{gone} does not exist.", "error_type": "InputError"}
    assert record["text"] == "A red boat."
    assert result.exit_code == 3


def test_json_keeps_every_name_and_script(run: Run, model: ScriptedModel, picture: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode("harbour-\u6e2f-".encode() + b"\xff\x1b\xc2\x9b.png")
    odd.write_bytes(picture.read_bytes())
    model.pieces = ["\u6e2f \U0001f6a2"]
    result = run("describe", "--json", odd)
    (record,) = objects(result.stdout)
    assert record["path"] == str(odd)
    assert record["text"] == "\u6e2f \U0001f6a2"
    assert "\u6e2f" in result.stdout
    assert "\x9b" not in result.stdout


def test_what_the_model_must_say_about_itself_is_said_once(
    run: Run, model: ScriptedModel, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assets.path", lambda name: tmp_path / name)
    (tmp_path / "embedded").mkdir()
    (tmp_path / "embedded" / "config.json").write_text("{}")
    (tmp_path / "embedded" / "notice.txt").write_text("It knows little.\n")
    result = run("describe", "--json", picture, picture, model="embedded")
    assert result.stderr == "smolsight: It knows little.\n"
    assert [record["notice"] for record in objects(result.stdout)] == ["It knows little."] * 2


@pytest.mark.parametrize(
    ("reason", "tokens", "words"),
    [("length", 256, "--max-tokens"), ("length", 100, "context ends"), ("repetition", 80, "repeat itself")],
)
def test_an_answer_that_did_not_end_by_itself_says_why(
    run: Run, model: ScriptedModel, picture: Path, reason: Any, tokens: int, words: str
) -> None:
    model.answer = replace(ANSWER, finish_reason=reason, generated_tokens=tokens)
    result = run("describe", picture)
    assert (result.exit_code, result.stdout) == (0, "A red boat.\n")
    assert result.stderr.startswith(f"smolsight: {picture}: ") and words in result.stderr


def test_a_model_that_is_not_there_is_named_with_the_command_to_run(run: Run, picture: Path) -> None:
    result = run("describe", "--json", picture, model="500m")
    assert result.exit_code == 4
    assert "smolsight convert HuggingFaceTB/SmolVLM2-500M-Video-Instruct" in result.stderr
    assert objects(result.stdout)[0]["error_type"] == "ModelNotFoundError"
    assert objects(result.stdout)[0]["path"] is None


def test_a_broken_model_stops_the_run(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.load_error = CheckpointError("model.safetensors is cut off.")
    result = run("describe", picture, picture)
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr == "smolsight: model.safetensors is cut off.\n"
    assert model.loads == 1


def test_a_wrong_path_costs_no_loading(run: Run, model: ScriptedModel, tmp_path: Path) -> None:
    assert run("describe", tmp_path / "gone.png").exit_code == 3
    assert model.loads == 0


def test_a_detail_that_the_model_lacks_is_wrong_usage(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.pieces = [DetailError("Detail 99 is not possible.")]
    result = run("describe", "--detail", "99", picture, picture)
    assert (result.exit_code, result.stderr) == (2, "smolsight: Detail 99 is not possible.\n")


def test_what_nobody_expected_is_a_sentence_and_a_log(
    run: Run, model: ScriptedModel, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.crash_log.log_file", lambda: tmp_path / "logs" / "smolsight.log")
    model.pieces = ["A", RuntimeError("kernel panic\x1b[0m")]
    result = run("describe", picture, picture)
    assert result.exit_code == 1
    assert result.stdout == f"{picture}: A\n{picture}: A\n"
    assert result.stderr.count("\n") == 2
    assert "RuntimeError: kernel panic?[0m" in result.stderr
    log = tmp_path / "logs" / "smolsight.log"
    assert str(log) in result.stderr
    assert log.read_text().count("Traceback (most recent call last)") == 2
    assert log.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_what_was_said_and_ends_the_run(
    run: Run, model: ScriptedModel, picture: Path, number: signal.Signals, code: int
) -> None:
    model.pieces = ["A red", lambda: signal.raise_signal(number), " boat."]
    result = run("describe", picture, picture)
    assert (result.exit_code, result.stderr) == (code, "")
    assert result.stdout == f"{picture}: A red\n"
    assert len(model.requests) == 1


def test_a_signal_leaves_a_whole_object(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.pieces = ["A red", lambda: signal.raise_signal(signal.SIGINT), " boat."]
    result = run("describe", "--json", picture)
    (record,) = objects(result.stdout)
    assert (result.exit_code, record["text"], record["finish_reason"]) == (130, "A red", "cancelled")


def test_a_second_signal_interrupts_at_once(run: Run, model: ScriptedModel, picture: Path) -> None:
    def impatient() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    model.pieces = ["A red", impatient, " boat."]
    result = run("describe", picture)
    assert (result.exit_code, result.stdout) == (130, "A red\n")


@pytest.mark.parametrize("when", ["loading", "opening"])
def test_ctrl_c_before_the_first_word_is_quiet(
    run: Run, model: ScriptedModel, picture: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(
        "mlx_model.checkpoint.load" if when == "loading" else "mlx_model.image_files.open_image", interrupt
    )
    result = run("describe", picture)
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "")


def test_a_signal_leaves_the_handlers_as_they_were(run: Run, model: ScriptedModel, picture: Path) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    run("describe", picture)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "smolsight describe photo.jpg"),
        (["-q", " "], "question is empty"),
        (["x.png", "-q", "What?", "--task", "alt"], "choose one"),
        (["--together", "-q", "What?"], "needs pictures"),
        (["-", "-"], "name it once"),
        (["x.png", "--detail", "0"], "none of low, auto, high"),
        (["x.png", "--detail", "middle"], "none of low, auto, high"),
        (["x.png", "--max-tokens", "0"], "max-tokens"),
        (["x.png", "--temperature", "nan"], "finite"),
        (["x.png", "--temperature", "inf"], "finite"),
        (["x.png", "--temperature", "-1"], "temperature"),
        (["x.png", "--top-p", "0"], "top-p"),
        (["x.png", "--top-p", "1.5"], "top-p"),
        (["x.png", "--seed", "-1"], "seed"),
        (["x.png", "--task", "poem"], "poem"),
        (["x.png", "--model", ""], "empty"),
        (["x.png", "--no-such-option"], "no-such-option"),
    ],
)
def test_wrong_usage_is_explained(run: Run, model: ScriptedModel, arguments: list[str], words: str) -> None:
    result = run("describe", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert model.loads == 0


@pytest.mark.parametrize("path", ["", ".", "/dev/zero"])
def test_what_is_no_file_is_a_bad_input(run: Run, model: ScriptedModel, path: str) -> None:
    result = run("describe", path)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("smolsight: ")


def test_a_question_that_is_no_text_is_mended(run: Run, model: ScriptedModel, picture: Path) -> None:
    run("describe", picture, "-q", os.fsdecode(b"What\xff?"))
    assert asked(model) == "What\ufffd?"


def test_any_picture_mode_reaches_the_model_as_rgb(run: Run, model: ScriptedModel, tmp_path: Path) -> None:
    Image.new("CMYK", (32, 32), (0, 200, 30, 0)).save(tmp_path / "ink.jpg")
    run("describe", tmp_path / "ink.jpg", "-q", "What?")
    assert model.requests[0].pictures[0].image.mode == "RGB"
