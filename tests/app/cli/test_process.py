"""The command as a shell sees it: streams, signals, pipes and odd files, with a small random checkpoint."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.app.cli.processes import ROOT, SMOLSIGHT, on_terminal, smolsight, start
from tests.checkpoints import write_checkpoint
from tests.clips import CLIPS
from tests.odd_files import ODD_FILES, OK

ENDLESS = ("--max-tokens", "8000", "--no-repetition-guard", "--temperature", "1", "--seed", "3")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "random", "256m")


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "noise.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(path)
    return path


def test_the_same_words_stream_arrive_whole_and_in_json(checkpoint: Path, picture: Path) -> None:
    ask = ("describe", picture, "--model", checkpoint, "--max-tokens", "24")
    streamed, whole, record = smolsight(*ask), smolsight(*ask, "--no-stream"), smolsight(*ask, "--json")
    assert [run.code for run in (streamed, whole, record)] == [0, 0, 0]
    assert streamed.out == whole.out == json.loads(record.out)["text"] + "\n"
    assert "cut off after 24 tokens" in streamed.err
    assert "first word" not in streamed.err, "statistics are for terminals"


def test_figures_of_a_real_run_fit_together(checkpoint: Path, picture: Path) -> None:
    record = json.loads(smolsight("describe", picture, "--model", checkpoint, "--max-tokens", "24", "--json").out)
    seconds = record["seconds"]
    assert record["generated_tokens"] == 24
    assert 0 < record["confidence"]["lowest"] <= record["confidence"]["mean"] <= 1
    assert record["prompt_tokens"] > record["image_tokens"] > 0
    assert record["tokens_per_second"] == pytest.approx(23 / seconds["decode"], rel=0.01)
    assert seconds["first_token"] >= seconds["vision"] + seconds["prefill"] > 0
    assert seconds["load"] > 0 and record["peak_memory_bytes"] > 0


def test_a_real_run_watches_clips_and_looks_at_pictures(checkpoint: Path, picture: Path) -> None:
    paths = (CLIPS / "variable.mp4", picture, CLIPS / "cut-off.mp4", CLIPS / "sound.mp4")
    run = smolsight("describe", *paths, "--model", checkpoint, "--max-tokens", "4", "--fps", "2", "--json")
    variable, still, cut_off, sound = map(json.loads, run.out.splitlines())
    assert (variable["kind"], variable["tiles"], variable["image_tokens"]) == ("clip", 8, 8 * 16)
    assert variable["span"]["end"] == pytest.approx(3.8)
    assert (still["kind"], cut_off["kind"], sound["error_type"]) == ("image", "clip", "InputError")
    assert run.code == 3
    assert [line for line in run.err.splitlines() if not line.startswith("smolsight: ")] == []


def test_nothing_heavy_is_imported_on_the_way_to_the_first_word(checkpoint: Path, picture: Path) -> None:
    heavy = ("cv2", "huggingface_hub", "mlx_lm", "mlx_vlm", "PySide6", "rich", "torch", "transformers")
    script = (
        "import sys\n"
        "from app.cli.main import smolsight\n"
        f"smolsight(['describe', {str(picture)!r}, '--model', {str(checkpoint)!r}], standalone_mode=False)\n"
        f"print('\\n' + str([name for name in {heavy!r} if name in sys.modules]))"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=60)
    assert run.stdout.splitlines()[-1] == b"[]", run.stderr


def test_words_alone_and_drawing_with_a_seed(checkpoint: Path) -> None:
    ask = ("describe", "-q", "Hello?", "--model", checkpoint, "--max-tokens", "12", "--temperature", "1", "--seed")
    first, again, other = (smolsight(*ask, seed) for seed in ("1", "1", "2"))
    assert first.code == 0
    assert first.out == again.out != other.out


def test_all_odd_files_in_one_run_each_get_their_due(checkpoint: Path, tmp_path: Path) -> None:
    paths = {}
    for number, (name, odd) in enumerate(ODD_FILES.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        paths[str(odd.make(folder))] = name
    run = smolsight("describe", *paths, "--model", checkpoint, "--max-tokens", "2", "--detail", "low", "--json")
    records = {record["path"]: record for record in map(json.loads, run.out.splitlines())}
    assert run.code == 3
    assert "Traceback" not in run.err
    assert records.keys() == paths.keys()
    for path, record in records.items():
        outcome = ODD_FILES[paths[path]].outcome
        if outcome == OK:
            assert "text" in record, record
        else:
            assert outcome in record["error"] and record["error_type"] == "InputError"
            assert f"smolsight: {record['error']}\n" in run.err or not path.isprintable()


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"GIF89a", b"%PDF-1.7", b"\xff\xd8\xff\xe0" + b"x" * 99])
def test_odd_bytes_on_standard_input_are_a_bad_input(checkpoint: Path, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "stdin").write_bytes(content)
    with (tmp_path / "stdin").open("rb") as stdin:
        run = smolsight("describe", "-", "--model", checkpoint, stdin=stdin)
    assert (run.code, run.out) == (3, "")
    assert run.err.startswith("smolsight: ") and run.err.count("\n") == 1


def test_an_endless_standard_input_is_given_up(checkpoint: Path) -> None:
    with Path("/dev/zero").open("rb") as zeros:
        run = smolsight("describe", "-", "--model", checkpoint, stdin=zeros)
    assert (run.code, run.out) == (3, "")
    assert "too much for a picture" in run.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_an_answer_cleanly(checkpoint: Path, picture: Path, number: signal.Signals, code: int) -> None:
    process = start("describe", picture, "--model", checkpoint, *ENDLESS)
    assert process.stdout is not None
    begun = os.read(process.stdout.fileno(), 1)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert err == b""
    assert begun + out == (begun + out).strip() + b"\n"
    (begun + out).decode("utf-8")


def test_a_reader_that_had_enough_ends_it_quietly(checkpoint: Path, picture: Path) -> None:
    process = start("describe", picture, "--model", checkpoint, *ENDLESS)
    assert process.stdout is not None and process.stderr is not None
    os.read(process.stdout.fileno(), 1)
    process.stdout.close()
    assert process.wait(timeout=30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize("way", ["--stream", "--json"])
def test_a_full_disk_is_one_sentence(checkpoint: Path, picture: Path, way: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("wb") as full:
        run = smolsight("describe", picture, "--model", checkpoint, "--max-tokens", "3", way, stdout=full)
    assert run.code == 1
    assert run.err == "smolsight: This could not be completed: No space left on device.\n"


def test_a_terminal_gets_statistics_and_colour_only_when_wanted(checkpoint: Path, picture: Path) -> None:
    ask = (*SMOLSIGHT, "describe", picture, "--model", checkpoint, "--max-tokens", "4")
    plain, coloured = on_terminal(*ask, NO_COLOR="1"), on_terminal(*ask)
    assert plain.code == coloured.code == 0
    assert plain.out == coloured.out
    assert "s to first word" in plain.err and "1 tile, " in plain.err
    assert "\x1b[2m" in coloured.err and "\x1b[2m" not in plain.err


def test_an_unknown_command_is_wrong_usage() -> None:
    run = smolsight("descibe", "x.png")
    assert (run.code, run.out) == (2, "")
    assert "No such command" in run.err


def test_a_closed_stdout_is_no_crash(checkpoint: Path, picture: Path) -> None:
    ask = ("describe", picture, "--model", checkpoint, "--max-tokens", "3", "--json")
    run = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *SMOLSIGHT, *ask], cwd=ROOT, capture_output=True, timeout=60)
    assert run.returncode == 0
    assert b"Traceback" not in run.stderr
