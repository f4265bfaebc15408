"""`smolsight describe`: what is asked, and what reaches stdout, with a scripted model."""

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mlx_model.request import Sampling
from tests.app.cli.conftest import Run, objects
from tests.app.cli.scripted_model import ScriptedModel


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


def test_a_picture_comes_from_standard_input(run: Run, model: ScriptedModel, picture: Path) -> None:
    result = run("describe", "-", "--json", stdin=picture.read_bytes())
    assert (result.exit_code, objects(result.stdout)[0]["path"]) == (0, "-")
    assert model.requests[0].pictures[0].image.size == (64, 48)


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
    more = ["--min-p", "0.05", "--repetition-penalty", "1.2", "--no-repetition-guard"]
    run("describe", "--task", "text", *options, *more, picture)
    (request,) = model.requests
    assert (request.detail, request.max_tokens, request.raw, request.repetition_guard) == (3, 7, True, False)
    assert request.sampling == Sampling(0.5, 0.9, 0.05, 1.2, 1)


def test_a_question_is_asked_in_the_users_words(run: Run, model: ScriptedModel, picture: Path) -> None:
    run("describe", picture, "-q", "What <image> says?")
    assert asked(model) == "What <image> says?"
    assert (model.requests[0].detail, model.requests[0].max_tokens) == ("auto", 512)


def test_alt_text_is_one_short_line(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.pieces = ["The image shows a red boat.\n", "It lies in a harbour. " * 20]
    result = run("describe", "--task", "alt", picture)
    assert result.stdout.startswith("A red boat. It lies in a harbour.")
    assert len(result.stdout) <= 126
    (record,) = objects(run("describe", "--task", "alt", "--json", picture).stdout)
    assert record["text"] + "\n" == result.stdout


def test_a_question_that_is_no_text_is_mended(run: Run, model: ScriptedModel, picture: Path) -> None:
    run("describe", picture, "-q", os.fsdecode(b"What\xff?"))
    assert asked(model) == "What\ufffd?"


def test_any_picture_mode_reaches_the_model_as_rgb(run: Run, model: ScriptedModel, tmp_path: Path) -> None:
    Image.new("CMYK", (32, 32), (0, 200, 30, 0)).save(tmp_path / "ink.jpg")
    run("describe", tmp_path / "ink.jpg", "-q", "What?")
    assert model.requests[0].pictures[0].image.mode == "RGB"


# Pages


def test_a_page_is_shown_as_markdown_and_whole(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.pieces = ["<doctag><section_header_level_1>Resu", "lts</section_header_level_1>\n<text>Fine.", "</text>"]
    result = run("describe", "--stream", "--task", "document", "--as", "markdown", picture)
    assert (result.exit_code, result.stdout) == (0, "## Results\n\nFine.\n")


def test_only_a_page_can_become_something_else(run: Run, model: ScriptedModel, picture: Path) -> None:
    result = run("describe", "--as", "html", picture)
    assert result.exit_code == 2 and "--task document" in result.stderr and not model.requests


def test_without_docling_a_sentence_says_how_to_get_it(
    run: Run, model: ScriptedModel, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.describe.can_convert", lambda: False)
    result = run("describe", "--task", "document", "--as", "markdown", picture)
    assert result.exit_code == 2 and "smolsight[docs]" in result.stderr and not model.requests
