"""`smolsight describe --json`: the design's fields, whatever happens."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from mlx_model.events import Confidence
from tests.app.cli.conftest import Run, objects
from tests.app.cli.scripted_model import ANSWER, ScriptedModel

# The design's fields, in its order; `span` comes with clips, after `generated_tokens`.
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


def test_a_signal_leaves_a_whole_object(run: Run, model: ScriptedModel, picture: Path) -> None:
    model.pieces = ["A red", lambda: signal.raise_signal(signal.SIGINT), " boat."]
    result = run("describe", "--json", picture)
    (record,) = objects(result.stdout)
    assert (result.exit_code, record["text"], record["finish_reason"]) == (130, "A red", "cancelled")
