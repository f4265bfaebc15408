"""Folders described by the real program with real models: together as one by one, and through any kill."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import assets
from tests.app.cli.processes import SMOLSIGHT, on_terminal, smolsight, start
from tests.checkpoints import write_checkpoint
from tests.clips import CLIPS


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "random", "256m")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Noise of several sizes, so prompts of several lengths."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(12):
        size = (40 + 60 * (number % 3), 60, 3)
        pixels = np.random.default_rng(number).integers(0, 255, size, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def records(stdout: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in stdout.splitlines()]


@pytest.mark.slow
def test_the_samples_are_described_as_a_folder_as_they_are_one_by_one() -> None:
    samples = assets.path("samples")
    alone = smolsight("describe", *sorted(samples.glob("*.png")), "--model", "embedded")
    together = smolsight("describe", samples, "--model", "embedded")
    assert (alone.code, together.code) == (0, 0)
    assert together.out == alone.out != ""


def test_pictures_of_many_sizes_and_a_clip_get_the_words_that_they_get_alone(checkpoint: Path, pictures: Path) -> None:
    (pictures / "a.mp4").write_bytes((CLIPS / "steady.mp4").read_bytes())
    ask = ("--model", checkpoint, "--max-tokens", "24", "--detail", "3", "--json")
    paths = sorted(pictures.iterdir(), key=lambda path: (path.stem.isalpha(), path.stem.zfill(9)))
    alone = records(smolsight("describe", *paths, *ask).out)
    together = records(smolsight("describe", *paths, "--batch", "5", *ask).out)
    assert len({record["prompt_tokens"] for record in alone}) > 2 and together[-1]["kind"] == "clip"
    same = ("path", "kind", "text", "finish_reason", "generated_tokens", "prompt_tokens", "grid", "detail")
    assert [[record[name] for name in same] for record in together] == [
        [record[name] for name in same] for record in alone
    ]


def test_after_a_kill_in_the_middle_what_is_done_is_not_done_again(checkpoint: Path, pictures: Path) -> None:
    ask = ("describe", pictures, "--model", checkpoint, "--max-tokens", "40", "--write", "txt", "--batch", "2")
    running = start(*ask)
    deadline = time.monotonic() + 60
    while len(list(pictures.glob("*.txt"))) < 4 and time.monotonic() < deadline:
        time.sleep(0.005)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    written = {file: file.stat().st_mtime_ns for file in pictures.glob("*.txt")}
    assert 4 <= len(written) < 12 and running.returncode == -signal.SIGKILL

    ended = smolsight(*ask)
    assert ended.code == 0
    assert f"{len(written)} with a text file already" in ended.err
    assert len(list(pictures.glob("*.txt"))) == 12
    assert {file: file.stat().st_mtime_ns for file in written} == written, "those are left alone"
    everything = smolsight(*ask[:-4], "--json")
    assert "12 pictures: 12 known from an earlier run." in everything.err
    texts = {str(record["path"]): record["text"] for record in records(everything.out)}
    assert {path: Path(path).with_suffix(".txt").read_text().strip() for path in texts} == texts


def test_two_processes_on_one_folder_do_not_disturb_each_other(checkpoint: Path, pictures: Path) -> None:
    ask = ("describe", pictures, "--model", checkpoint, "--max-tokens", "12", "--write", "txt", "--overwrite")
    running = [start(*ask) for _ in range(2)]
    outcomes = [process.communicate(timeout=100) for process in running]
    assert [process.returncode for process in running] == [0, 0], outcomes
    assert len(list(pictures.glob("*.txt"))) == 12
    assert not [file for file in os.listdir(pictures) if file.startswith(".")]


def test_ctrl_c_ends_it_soon_and_says_how_to_go_on(checkpoint: Path, pictures: Path) -> None:
    running = start("describe", pictures, "--model", checkpoint, "--batch", "1", "--max-tokens", "60", "--json")
    assert running.stdout is not None
    first = running.stdout.readline()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    done = len(records((first + out).decode()))
    assert f"Stopped with {12 - done} to go; what was described is kept" in err.decode()
    assert b"Traceback" not in err


def test_a_reader_that_had_enough_ends_it_quietly(checkpoint: Path, pictures: Path) -> None:
    running = start("describe", pictures, "--model", checkpoint, "--batch", "1", "--max-tokens", "60")
    assert running.stdout is not None and running.stderr is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.wait(timeout=60) == 0
    assert running.stderr.read() == b""
    running.stderr.close()


def test_a_terminal_sees_how_fast_it_goes_and_what_is_left(checkpoint: Path, pictures: Path) -> None:
    ask = ("describe", pictures, "--model", checkpoint, "--max-tokens", "250", "--write", "txt", "--batch", "2")
    shown = on_terminal(*SMOLSIGHT, *ask, "--no-repetition-guard").err
    assert "left: " in shown and " of 12" in shown
    assert "12 pictures: 12 described." in shown
