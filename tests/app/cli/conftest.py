"""A command line whose model is scripted, and pictures to show it."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest
from PIL import Image

from app.cli.main import smolsight
from tests.app.cli.processes import Ended
from tests.app.cli.scripted_model import ScriptedModel

Run = Callable[..., click.testing.Result]
Shell = Callable[..., Ended]


def objects(stdout: str) -> list[dict[str, Any]]:
    """What `--json` printed."""
    return [json.loads(line) for line in stdout.splitlines()]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture with something on it."""
    path = tmp_path / "boat.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    path = tmp_path / "blank.png"
    Image.new("RGB", (64, 48), "white").save(path)
    return path


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedModel:
    """Stands in for every model: a test says what it answers."""
    scripted = ScriptedModel()
    monkeypatch.setattr("mlx_model.loading.checkpoint.load", scripted.load)
    monkeypatch.setattr("mlx_model.answering.answer.stream_answer", scripted.stream_answer)
    (tmp_path / "scripted").mkdir()
    return scripted


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`smolsight` in this process with the scripted model: `run("describe", picture)`."""

    def invoke(*arguments: str | Path, model: str | None = None, stdin: bytes = b"") -> click.testing.Result:
        words = [str(argument) for argument in arguments]
        if words and words[0] in ("describe", "chat"):
            words[1:1] = ["--model", model or str(tmp_path / "scripted")]
        runner = click.testing.CliRunner()
        return runner.invoke(smolsight, words, input=stdin, prog_name="smolsight")

    return invoke


@pytest.fixture
def shell() -> Iterator[Shell]:
    """`smolsight` in this process, with what a shell would get: a tenth of a process's time, where that is not the
    point.
    """
    loggers = [logging.getLogger(package) for package in ("app", "convert", "mlx_model")]
    before = [(logger, logger.handlers[:], logger.propagate) for logger in loggers]

    def invoke(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Ended:
        words = [str(argument) for argument in arguments]
        result = click.testing.CliRunner().invoke(smolsight, words, env=env, prog_name="smolsight")
        return Ended(result.exit_code, result.stdout, result.stderr)

    yield invoke
    for logger, handlers, propagate in before:
        logger.handlers, logger.propagate = handlers, propagate
