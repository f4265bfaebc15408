"""`--remember` and `smolsight cache`: known pictures are not looked at again by a later run, and all of it can go."""

import json
import shutil
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.asking.answer_store import AnswerStore
from app.remembering import SETTING, forget_seen, seen_files, seen_folder
from app.settings import Settings
from tests.app.cli.conftest import Run, objects
from tests.app.cli.processes import smolsight, start
from tests.checkpoints import write_checkpoint
from tests.clips import write_clip
from tests.mlx_model.asking import count_calls


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "random", "256m")


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was looked at, each time."""
    from mlx_model.answering import looking

    return count_calls(monkeypatch, looking, "stream_features")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.avi", count=40)


def describe(run: Run, checkpoint: Path, *arguments: str | Path) -> str:
    result = run("describe", *arguments, "-q", "What?", "--max-tokens", "4", model=str(checkpoint))
    assert result.exit_code == 0, result.stderr
    return result.stdout


WAYS: dict[str, Sequence[str]] = {
    "a picture": ("{picture}", "--no-stream"),
    "a clip": ("{clip}", "--no-stream"),
    "captions": ("{clip}", "--captions", "srt", "--every", "2"),
    "a folder": ("{folder}", "--write", "csv"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_later_run_need_not_look_again_and_says_the_same(
    run: Run, checkpoint: Path, picture: Path, clip: Path, tmp_path: Path, looked: list[Any], way: str
) -> None:
    (tmp_path / "folder").mkdir()
    shutil.copy(picture, tmp_path / "folder")
    arguments = [word.format(picture=picture, clip=clip, folder=tmp_path / "folder") for word in WAYS[way]]
    first = describe(run, checkpoint, *arguments, "--remember")
    assert looked and seen_files()
    looked.clear()
    run("cache", "--clear", "answers")
    assert describe(run, checkpoint, *arguments, "--remember") == first
    assert looked == []


def test_nothing_is_kept_unless_it_is_wanted(run: Run, checkpoint: Path, picture: Path) -> None:
    describe(run, checkpoint, picture)
    assert not seen_folder().exists()
    Settings().put(SETTING, 512)
    describe(run, checkpoint, picture, "--no-remember")
    assert not seen_folder().exists()
    describe(run, checkpoint, picture)
    assert len(seen_files()) == 1
    assert {stat.S_IMODE(file.stat().st_mode) for file in seen_folder().iterdir()} == {0o600}
    assert stat.S_IMODE(seen_folder().stat().st_mode) == 0o700


def test_a_chat_remembers_across_runs(run: Run, checkpoint: Path, picture: Path, looked: list[Any]) -> None:
    for count in (1, 0):
        looked.clear()
        arguments = ["chat", "--image", picture, "--remember", "--max-tokens", "4", "--json"]
        assert len(objects(run(*arguments, model=str(checkpoint), stdin=b"What?\nAnd?\n").stdout)) == 2
        assert len(looked) == count


def test_the_cache_command_shows_what_is_kept_and_clears_it(run: Run, checkpoint: Path, picture: Path) -> None:
    seen = run("cache").stdout.splitlines()[1]
    assert seen.split() == ["seen", "0", "0.0", "kB", "only", "with", "--remember", str(seen_folder())]
    Settings().put(SETTING, 2048)
    describe(run, checkpoint, picture, "--batch", "2")
    heading, seen, answers = run("cache").stdout.splitlines()
    assert heading.split() == ["WHAT", "NUMBER", "SIZE", "AT", "MOST", "WHERE"]
    assert seen.split()[:2] == ["seen", "1"] and "2.15 GB" in seen
    assert answers.split()[:2] == ["answers", "1"]
    assert (run("cache", "--clear", "seen").stdout, seen_files()) == ("", [])
    assert run("cache").stdout.splitlines()[2].split()[:2] == ["answers", "1"]
    assert run("cache", "--clear", "all").exit_code == 0
    assert run("cache").stdout.splitlines()[2].split()[:2] == ["answers", "0"]
    assert b"What?" not in AnswerStore().file.read_bytes(), "not on the disk either"


def test_two_processes_that_remember_in_one_folder_do_not_disturb_each_other(checkpoint: Path, tmp_path: Path) -> None:
    """While a third one deletes it."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed in range(12):
        noise = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{seed}.png")
    # Files without --batch, so that nothing is known from the other process's answers.
    command: list[str | Path] = [
        "describe",
        *sorted(folder.iterdir()),
        "--model",
        checkpoint,
        "-q",
        "What?",
        "--max-tokens",
        "3",
        "--json",
    ]
    expected = _texts(smolsight(*command).out)
    ended, stop = [], threading.Event()
    cleaner = threading.Thread(target=_forget_again_and_again, args=(stop,))
    cleaner.start()
    try:
        running = [start(*command, "--remember") for _ in range(2)]
        ended = [(*process.communicate(timeout=100), process.returncode) for process in running]
    finally:
        stop.set()
        cleaner.join()
    assert [(code, _texts(out.decode())) for out, _, code in ended] == [(0, expected)] * 2, ended


def _texts(lines: str) -> list[tuple[str, str]]:
    return [(record["path"], record["text"]) for record in map(json.loads, lines.splitlines())]


def _forget_again_and_again(stop: threading.Event) -> None:
    while not stop.wait(0.2):
        forget_seen()
        seen_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
