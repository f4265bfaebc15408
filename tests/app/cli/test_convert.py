"""`smolsight convert` as a shell sees it: sources, places, streams, exit codes, interruption."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.app.cli.conftest import Shell
from tests.app.cli.processes import ROOT, SMOLSIGHT, on_terminal, smolsight
from tests.broken_models import BROKEN_MODELS
from tests.checkpoints import write_checkpoint
from tests.gguf_files import write_gguf
from tests.hub_stub import HubStub

# The command with a pause after each tensor, so that a test can come in between.
SLOWLY = """
import time
from convert import shards
write_arrays = shards._write_arrays
def write_slowly(file, job, arrays):
    write_arrays(file, job, arrays)
    time.sleep(0.1)
shards._write_arrays = write_slowly
from app.cli.main import main
main()
"""

# What a test leaves out whose point it is not.
QUICKLY = ("--rounding", "nearest", "--no-check")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny", "smollm2", dtype="bfloat16")


@pytest.fixture
def models() -> Path:
    """Where the command puts what it was not told where to put."""
    return Path(os.environ["SMOLSIGHT_MODELS"])


def packing(folder: Path) -> Any:
    return json.loads((folder / "config.json").read_text())["quantization"]


def test_stdout_is_the_new_folder_and_stderr_the_summary(checkpoint: Path, tmp_path: Path) -> None:
    ended = smolsight("convert", checkpoint, "--out", tmp_path / "small")

    assert (ended.code, ended.out) == (0, f"{tmp_path / 'small'}\n")
    assert ended.err.startswith("smolsight: 1.1 MB of weights became 0.3 MB in ")
    sizes, proof = ended.err.splitlines()
    assert sizes.endswith("bits a weight: embeddings 5.0, decoder 4.5.")
    assert proof.startswith("smolsight: Held to its source: KL 0.0")
    assert packing(tmp_path / "small")["bits"] == 4


def test_without_out_the_folder_goes_among_the_models(checkpoint: Path, models: Path, shell: Shell) -> None:
    ended = shell("convert", checkpoint, "--bits", "6", "--group-size", "32", *QUICKLY)

    assert ended.out == f"{models / 'tiny-6bit'}\n"
    entry = packing(models / "tiny-6bit")
    assert (entry["bits"], entry["group_size"]) == (6, 32)


def test_a_converted_folder_answers(checkpoint: Path, shell: Shell) -> None:
    folder = shell("convert", checkpoint, *QUICKLY).out.strip()

    answer = shell("describe", "-q", "Hello?", "--model", folder, "--max-tokens", "3", "--json")
    assert json.loads(answer.out)["generated_tokens"] == 3


def test_a_gguf_file_keeps_its_packing_unless_bits_are_given(tmp_path: Path, models: Path, shell: Shell) -> None:
    file = tmp_path / "SmolLM2.Q4_1.gguf"
    write_gguf(file)

    assert shell("convert", file).out == f"{models / 'SmolLM2.Q4_1'}\n"
    assert shell("convert", file, "--bits", "8", *QUICKLY).out == f"{models / 'SmolLM2.Q4_1-8bit'}\n"
    assert (packing(models / "SmolLM2.Q4_1")["bits"], packing(models / "SmolLM2.Q4_1-8bit")["bits"]) == (4, 8)


def test_an_existing_folder_is_replaced_only_by_force(checkpoint: Path, tmp_path: Path, shell: Shell) -> None:
    arguments = ("convert", checkpoint, "--out", tmp_path / "small", *QUICKLY)
    assert shell(*arguments).code == 0

    refused = shell(*arguments)
    assert (refused.code, refused.out) == (1, "")
    assert "exists already" in refused.err and "--force" in refused.err

    assert shell(*arguments, "--bits", "16", "--force").code == 0
    assert "quantization" not in json.loads((tmp_path / "small" / "config.json").read_text())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--bits", "7"), "'7' is not one of"),
        (("--group-size", "48"), "'48' is not one of"),
        (("--bits", "16", "--group-size", "64"), "no meaning with --bits 16"),
    ],
)
def test_wrong_options_are_usage_errors(checkpoint: Path, arguments: tuple[str, ...], words: str, shell: Shell) -> None:
    ended = shell("convert", checkpoint, *arguments)
    assert ended.code == 2 and words in ended.err


@pytest.mark.parametrize("source", ["nothing", "./no/where", "a/b/c", "x.gguf", "org/x.gguf"])
def test_a_source_that_is_neither_here_nor_on_the_hub_says_what_would_be(source: str, shell: Shell) -> None:
    ended = shell("convert", source)

    assert ended.code == 4
    assert f"There is no folder or file {source}" in ended.err and "256m" in ended.err


@pytest.mark.parametrize("name", ["weights truncated", "tensor missing", "NaN", "model_file", "template that escapes"])
def test_a_broken_source_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, models: Path, name: str, shell: Shell
) -> None:
    source = write_checkpoint(tmp_path / "source", "256m")
    BROKEN_MODELS[name].damage(source)

    ended = shell("convert", source)

    assert (ended.code, ended.out) == (4, "")
    assert ended.err.count("\n") == 1 and "Traceback" not in ended.err
    assert not list(models.iterdir()) if models.exists() else True


def test_a_script_in_the_source_is_warned_of(checkpoint: Path, tmp_path: Path, shell: Shell) -> None:
    source = write_checkpoint(tmp_path / "source", "smollm2")
    (source / "modeling.py").write_text("raise SystemExit('run')")

    ended = shell("convert", source, *QUICKLY)

    assert ended.code == 0
    assert "smolsight: warning:" in ended.err and "modeling.py" in ended.err


def hub_environment(stub: HubStub) -> dict[str, str]:
    return os.environ | {"HF_ENDPOINT": stub.url, "HF_HUB_OFFLINE": "0"}


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_model_of_the_hub_is_fetched_and_converted(checkpoint: Path, models: Path, shell: Shell) -> None:
    with HubStub(files_of(checkpoint), "org/tiny") as stub:
        ended = shell("convert", "org/tiny", *QUICKLY, env=hub_environment(stub))

    assert (ended.code, ended.out) == (0, f"{models / 'org' / 'tiny-4bit'}\n")
    assert ended.err.count("\n") == 2, "no bar, no words of the hub's library"


def test_a_short_name_is_that_of_the_hub(checkpoint: Path, models: Path, shell: Shell) -> None:
    hub_id = "HuggingFaceTB/SmolVLM2-256M-Video-Instruct"
    with HubStub(files_of(checkpoint), hub_id) as stub:
        ended = shell("convert", "256m", *QUICKLY, env=hub_environment(stub))

    assert ended.out == f"{models / f'{hub_id}-4bit'}\n"


def test_a_refused_download_is_one_sentence(checkpoint: Path, models: Path, shell: Shell) -> None:
    with HubStub(files_of(checkpoint), "org/tiny") as stub:
        stub.listing_status = 404
        ended = shell("convert", "org/tiny", env=hub_environment(stub))

    assert (ended.code, ended.out) == (4, "")
    assert ended.err == (
        "smolsight: The hub has no public model org/tiny with these files. "
        "Check the name; if it is private: hf auth login\n"
    )


def test_offline_nothing_is_asked_and_the_sentence_says_so() -> None:
    ended = smolsight("convert", "org/tiny")
    assert ended.code == 4 and "HF_HUB_OFFLINE" in ended.err


def test_an_existing_output_is_found_before_the_download(checkpoint: Path, models: Path, shell: Shell) -> None:
    (models / "org" / "tiny-4bit").mkdir(parents=True)
    with HubStub(files_of(checkpoint), "org/tiny") as stub:
        ended = shell("convert", "org/tiny", env=hub_environment(stub))

    assert ended.code == 1 and "exists already" in ended.err
    assert stub.requests == []


def test_a_terminal_shows_bytes_rate_and_time_left(checkpoint: Path) -> None:
    with HubStub(files_of(checkpoint), "org/tiny") as stub:
        stub.pause = 0.01
        ended = on_terminal(*SMOLSIGHT, "convert", "org/tiny", *QUICKLY, HF_ENDPOINT=stub.url, HF_HUB_OFFLINE="0")

    assert ended.code == 0
    assert "Downloading org/tiny" in ended.err and "/1.1 MB" in ended.err
    assert "kB/s" in ended.err and "0:00:" in ended.err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_an_interrupted_conversion_leaves_no_model(tmp_path: Path, number: signal.Signals, code: int) -> None:
    source = write_checkpoint(tmp_path / "source", "256m", dtype="bfloat16")
    out = tmp_path / "models" / "small"
    command = [sys.executable, "-c", SLOWLY, "convert", str(source), "--out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(out.parent.glob(".small.partial-*/model.safetensors")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)

    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)

    assert process.returncode == code
    assert stdout == stderr == b""
    assert not out.exists()
    if number == signal.SIGKILL:
        assert [path.name.partition("partial")[0] for path in out.parent.iterdir()] == [".small."]
        assert smolsight("convert", source, "--out", out, *QUICKLY).code == 0
        assert [path.name for path in out.parent.iterdir()] == ["small"]
    else:
        assert list(out.parent.iterdir()) == []


def test_an_interrupted_download_leaves_no_model_and_goes_on_the_next_time(checkpoint: Path, models: Path) -> None:
    with HubStub(files_of(checkpoint), "org/tiny") as stub:
        stub.pause = 0.1
        process = subprocess.Popen(
            [*SMOLSIGHT, "convert", "org/tiny"], cwd=ROOT, env=hub_environment(stub), stderr=subprocess.PIPE
        )
        deadline = time.monotonic() + 60
        while "GET model.safetensors" not in stub.requests:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)

    assert (process.returncode, stderr) == (130, b"")
    assert not models.exists()
    (part,) = Path(os.environ["HF_HOME"]).rglob("*.incomplete")
    begun = part.stat().st_size
    with HubStub(files_of(checkpoint), "org/tiny") as stub:
        assert smolsight("convert", "org/tiny", *QUICKLY, env=hub_environment(stub)).code == 0
        assert stub.ranges == ([f"bytes={begun}-"] if begun else [])
