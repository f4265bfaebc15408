"""`smolsight describe` when something is wrong: sentences, exit codes, signals."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.cli.inputs import STDIN_LIMIT
from mlx_model.errors import CheckpointError, ContextLimitError, DetailError
from tests.app.cli.conftest import Run, objects
from tests.app.cli.scripted_model import ANSWER, ScriptedModel


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


def test_a_second_signal_interrupts_at_once(run: Run, model: ScriptedModel, picture: Path) -> None:
    def impatient() -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)

    model.pieces = ["A red", impatient, " boat."]
    result = run("describe", picture)
    assert (result.exit_code, result.stdout) == (130, "A red\n")


@pytest.mark.parametrize("when", ["loading", "opening"])
def test_ctrl_c_before_the_first_word_is_quiet(
    run: Run, model: ScriptedModel, picture: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(
        "mlx_model.loading.checkpoint.load" if when == "loading" else "mlx_model.media.image_files.open_image",
        interrupt,
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
        (["x.png", "--min-p", "1.1"], "min-p"),
        (["x.png", "--repetition-penalty", "0.9"], "repetition-penalty"),
        (["x.png", "--seed", "-1"], "seed"),
        (["x.png", "--task", "poem"], "poem"),
        (["x.mp4", "--fps", "0"], "fps"),
        (["x.mp4", "--fps", "nan"], "finite"),
        (["x.mp4", "--max-frames", "0"], "max-frames"),
        (["x.mp4", "--start", "1:75"], "no time in a clip"),
        (["x.mp4", "--start", "-1"], "no time in a clip"),
        (["x.mp4", "--end", "soon"], "no time in a clip"),
        (["x.mp4", "--end", "0"], "must come after --start"),
        (["x.mp4", "--start", "1:00", "--end", "59.5"], "--end (59.5 s) must come after --start (60 s)"),
        (["-q", "Hi", "--fps", "2"], "there is no input"),
        (["-", "--max-frames", "2"], "no input is one"),
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
