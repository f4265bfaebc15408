"""`smolsight describe` on folders, with an engine that says what a test wrote down."""

import csv
import errno
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest
from PIL import Image

from app.cli.main import smolsight
from mlx_model.errors import CheckpointError, ContextLimitError
from mlx_model.protocol import AskMany
from tests.checkpoints import write_checkpoint
from tests.fake_engine import FakeEngine, Script


def draw(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (24, 32, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "random", "256m")


@dataclass
class Scripted:
    """Runs the command with an engine that follows `scripts`; `engines` are those that were made."""

    folder: Path
    checkpoint: Path
    scripts: list[Script] = field(default_factory=list)
    load_errors: dict[Path, Exception] = field(default_factory=dict)
    engines: list[FakeEngine] = field(default_factory=list)

    def make(self, **_: Any) -> FakeEngine:
        self.engines.append(FakeEngine(*self.scripts, load_errors=self.load_errors))
        return self.engines[-1]

    def run(self, *arguments: str | Path) -> click.testing.Result:
        words = ["describe", "--model", str(self.checkpoint), *map(str, arguments or (self.folder,))]
        return click.testing.CliRunner().invoke(smolsight, words, prog_name="smolsight")


@pytest.fixture
def many(tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    scripted = Scripted(tmp_path / "pictures", checkpoint, [Script((f"Answer {n}.",)) for n in range(1, 50)])
    monkeypatch.setattr("mlx_model.engine.MLXEngine", scripted.make)
    for number in (1, 2, 10):
        draw(scripted.folder / f"{number}.png", number)
    return scripted


def relative(stdout: str, folder: Path) -> list[str]:
    return [line.replace(f"{folder}/", "") for line in stdout.splitlines()]


def test_a_folder_is_described_in_its_order_line_by_line(many: Scripted) -> None:
    result = many.run()
    assert relative(result.stdout, many.folder) == ["1.png: Answer 1.", "2.png: Answer 2.", "10.png: Answer 3."]
    assert (result.exit_code, result.stderr) == (0, "smolsight: 3 pictures: 3 described.\n")


def test_what_was_described_is_not_asked_again_and_needs_no_model(many: Scripted) -> None:
    first, again = many.run(), many.run()
    assert again.stdout == first.stdout
    assert again.stderr == "smolsight: 3 pictures: 3 known from an earlier run.\n"
    assert many.engines[0].was_loaded
    assert not many.engines[1].was_loaded


def test_another_question_and_other_settings_are_asked_anew(many: Scripted) -> None:
    many.run()
    for other in (["-q", "What?"], ["--task", "alt"], ["--detail", "high"], ["--temperature", "0.5", "--seed", "1"]):
        assert "3 described" in many.run(many.folder, *other).stderr
        assert "3 known" in many.run(many.folder, *other).stderr


def test_a_picture_that_changed_is_described_anew_and_a_renamed_one_is_not(many: Scripted) -> None:
    many.run()
    draw(many.folder / "1.png", 100)
    (many.folder / "2.png").rename(many.folder / "3.png")
    result = many.run()
    assert result.stderr == "smolsight: 3 pictures: 1 described, 2 known from an earlier run.\n"
    assert relative(result.stdout, many.folder)[1] == "3.png: Answer 2."


def test_copies_are_described_once(many: Scripted) -> None:
    for name in ("0.png", "1 copy.png", "sub/1.png"):
        (many.folder / name).parent.mkdir(exist_ok=True)
        (many.folder / name).write_bytes((many.folder / "1.png").read_bytes())
    result = many.run("--recursive", many.folder)
    assert "3 described, 3 of the same content as another" in result.stderr
    said = dict(line.split(": ") for line in relative(result.stdout, many.folder))
    assert said["0.png"] == said["1.png"] == said["1 copy.png"] == said["sub/1.png"] != said["2.png"]
    assert list(said) == ["0.png", "1.png", "1 copy.png", "2.png", "10.png", "sub/1.png"]


def test_unreadable_files_among_good_ones_are_named_at_the_end(many: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    # One thread opens them in order; of several, either of two equal files may come first.
    monkeypatch.setattr("mlx_model.openings.AHEAD", 1)
    (many.folder / "1b.png").write_bytes(b"words")
    (many.folder / "2b.png").write_bytes(b"")
    (many.folder / "2c.png").write_bytes(b"words")
    result = many.run(many.folder, many.folder / "gone.jpg")
    assert result.exit_code == 3
    assert len(result.stdout.splitlines()) == 3
    count, *failures = relative(result.stderr.replace("smolsight: ", ""), many.folder)
    assert count == "7 pictures: 3 described, 4 failed."
    assert failures == [
        "1b.png is a text file, not a picture.",
        "2b.png is empty (0 bytes); it was not copied or downloaded completely.",
        "2c.png has the same content as 1b.png: 1b.png is a text file, not a picture.",
        "gone.jpg does not exist.",
    ]


def test_one_that_fails_in_the_model_does_not_end_the_others_and_is_tried_again(many: Scripted) -> None:
    many.scripts[1] = Script((ContextLimitError("The prompt is too long."),))
    result = many.run(many.folder, "--json")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert ["error" in record for record in records] == [False, True, False]
    assert (result.exit_code, records[1]["error_type"]) == (1, "ContextLimitError")
    many.scripts = [Script(("Now.",))]
    assert "1 described, 2 known" in many.run().stderr


def test_text_files_beside_the_pictures_are_written_and_left_alone(many: Scripted) -> None:
    draw(many.folder / "2.jpg", 3)
    (many.folder / "10.txt").write_text("Mine.")
    result = many.run(many.folder, "--write", "txt")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "smolsight: 4 pictures: 3 described, 1 with a text file already.\n"
    written = {file.name: file.read_text() for file in many.folder.glob("*.txt")}
    assert written == {
        "1.txt": "Answer 1.\n",
        "2.jpg.txt": "Answer 2.\n",
        "2.png.txt": "Answer 3.\n",
        "10.txt": "Mine.",
    }
    assert "4 with a text file already" in many.run(many.folder, "--write", "txt").stderr
    many.run(many.folder, "--write", "txt", "--overwrite")
    assert (many.folder / "10.txt").read_text().startswith("Answer")


def test_one_file_holds_all_and_appears_once_they_are_there(many: Scripted, tmp_path: Path) -> None:
    (many.folder / "3.png").write_bytes(b"words")
    draw(many.folder / 'a "b",\n.png', 4)
    for way in ("jsonl", "csv"):
        out = tmp_path / f"captions.{way}"
        result = many.run(many.folder, "--write", way, "--out", out)
        assert (result.exit_code, result.stdout) == (3, "")
        lines = out.read_text()
        rows = list(csv.DictReader(StringIO(lines))) if way == "csv" else list(map(json.loads, lines.splitlines()))
        assert [Path(row["path"]).name for row in rows] == ["1.png", "2.png", "3.png", "10.png", 'a "b",\n.png']
        assert rows[0]["text"] == "Answer 1." and "no" not in rows[2].get("text", "") and rows[2]["error"]
        assert many.run(many.folder, "--write", way).stdout == lines
        refused = many.run(many.folder, "--write", way, "--out", out)
        assert refused.exit_code == 2 and "--overwrite" in refused.stderr
        assert many.run(many.folder, "--write", way, "--out", out, "--overwrite").exit_code == 3
        assert out.read_text() == lines


def test_a_folder_that_may_not_be_written_to_costs_no_answer(many: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(many.folder / "sub" / "a.png", 7)
    access = os.access

    def guarded(path: Any, mode: int, **rest: Any) -> bool:
        return access(path, mode, **rest) and not (mode == os.W_OK and Path(path) == many.folder)

    monkeypatch.setattr(os, "access", guarded)
    result = many.run(many.folder, "--recursive", "--write", "txt")
    assert "4 pictures: 1 described, 3 failed." in result.stderr and "may not be written to" in result.stderr
    assert (result.exit_code, (many.folder / "sub" / "a.txt").read_text()) == (3, "Answer 1.\n")
    blocked = many.run(many.folder, "--write", "csv", "--out", many.folder / "all.csv")
    assert blocked.exit_code == 1 and "Choose another place" in blocked.stderr


def test_a_full_disk_stops_the_run_and_nothing_is_lost(many: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync, written = os.fsync, []

    def fill_up(file: int) -> None:
        written.append(file)
        if len(written) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(file)

    monkeypatch.setattr(os, "fsync", fill_up)
    result = many.run(many.folder, "--write", "txt")
    assert result.exit_code == 1
    assert "2.txt could not be written: No space left on device" in result.stderr
    assert [file.name for file in many.folder.glob("*.txt")] == ["1.txt"]
    assert not list(many.folder.glob(".*"))
    monkeypatch.setattr(os, "fsync", fsync)
    assert "1 with a text file already" in many.run(many.folder, "--write", "txt").stderr
    assert len(list(many.folder.glob("*.txt"))) == 3


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(
    many: Scripted, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    from app.cli.sinks import BesidePictures

    put: Callable[..., None] = BesidePictures.put

    def put_and_interrupt(self: Any, path: Path, record: Any) -> None:
        put(self, path, record)
        signal.raise_signal(number)

    monkeypatch.setattr(BesidePictures, "put", put_and_interrupt)
    many.scripts = [Script(("Answer.",), pause=0.05)]
    result = many.run(many.folder, "--write", "txt")
    assert result.exit_code == code
    assert "Stopped with 2 to go" in result.stderr and "same command again" in result.stderr
    monkeypatch.setattr(BesidePictures, "put", put)
    assert many.run(many.folder, "--write", "txt").exit_code == 0
    assert len(list(many.folder.glob("*.txt"))) == 3


def test_a_blank_picture_is_named_without_the_model(many: Scripted) -> None:
    Image.new("RGB", (20, 20), "white").save(many.folder / "0.png")
    result = many.run()
    assert relative(result.stdout, many.folder)[0] == "0.png: A blank white image."
    assert relative(many.run(many.folder, "-q", "What?").stdout, many.folder)[0] != "0.png: A blank white image."


def test_a_broken_model_is_told_once(many: Scripted) -> None:
    many.load_errors[many.checkpoint] = CheckpointError("model.safetensors is cut off.")
    result = many.run()
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr == "smolsight: model.safetensors is cut off.\n"


def test_an_empty_folder_is_a_bad_input_and_clips_in_one_are_left_out(many: Scripted, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    result = many.run(empty)
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith(f"smolsight: {empty} is a folder without a picture; --recursive")
    (many.folder / "a.mov").write_bytes(b"x")
    assert "1 clip in these folders left out" in many.run().stderr


def test_answers_that_were_cut_off_are_counted(many: Scripted) -> None:
    many.scripts = [Script(("A ",) * 400, finish_reason="length")]
    assert "3 answers cut off at --max-tokens, 256 here." in many.run().stderr


def test_a_pattern_and_a_batch_size_make_a_batch_and_files_alone_do_not(many: Scripted) -> None:
    assert len(many.run(f"{many.folder}/1*.png").stdout.splitlines()) == 2
    many.run("--batch", "3", many.folder / "1.png", many.folder / "2.png")
    jobs = [job for engine in many.engines for job in engine.jobs]
    assert [job.size for job in jobs if isinstance(job, AskMany)] == [8, 3]
    many.run(many.folder / "1.png", many.folder / "2.png")
    assert not any(isinstance(job, AskMany) for job in many.engines[-1].jobs)


def test_where_nothing_can_be_remembered_it_says_so_and_goes_on(
    many: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("SMOLSIGHT_CACHE", str(tmp_path / "file"))
    result = many.run()
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 3)
    assert "not remembered" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--write", "txt", "-q", "Hi"], "name a folder"),
        (["--recursive", "-"], "standard input"),
        (["--together", "--batch", "4", "a.png"], "leave out --together"),
        (["--together", "."], "leave out --together"),
        (["--json", "--write", "csv", "a.png"], "choose one"),
        (["--out", "a.csv", "a.png"], "--write jsonl or --write csv"),
        (["--write", "txt", "--out", "a.txt", "a.png"], "--write jsonl or --write csv"),
        (["--overwrite", "a.png"], "files of --write"),
        (["--batch", "0", "a.png"], "batch"),
        (["--write", "xml", "a.png"], "xml"),
    ],
)
def test_wrong_usage_is_explained(many: Scripted, arguments: list[str], words: str) -> None:
    result = many.run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert not many.engines
