"""`smolsight models` as a shell sees it: streams, exit codes, questions, a hub that is a stub."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.shelf import default_name, find_model, models_folder
from app.shelf.hub_cache import cache_folder, find_snapshot
from tests.app.cli.conftest import Run, Shell, objects
from tests.app.cli.processes import SMOLSIGHT, on_terminal, smolsight
from tests.checkpoints import write_checkpoint
from tests.hub_stub import HubStub

HUB_ID = "HuggingFaceTB/SmolVLM2-256M-Video-Instruct"
WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = write_checkpoint(tmp_path_factory.mktemp("hub"), "256m", dtype="bfloat16")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def hub(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[HubStub]:
    from huggingface_hub import close_session

    with HubStub(dict(files), HUB_ID) as stub:
        monkeypatch.setenv("HF_ENDPOINT", stub.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        yield stub
        close_session()


@pytest.fixture
def small() -> Path:
    """A checkpoint on the shelf."""
    return write_checkpoint(models_folder() / "org" / "small-8bit", "256m")


def test_get_says_the_size_first_and_prints_the_folder(hub: HubStub, files: dict[str, bytes]) -> None:
    ended = smolsight("models", "get", "256m")

    assert (ended.code, ended.out) == (0, f"{find_snapshot(HUB_ID)}\n")
    megabytes = f"{sum(map(len, files.values())) / 1e6:.1f} MB"
    assert ended.err == f"smolsight: {HUB_ID}: {megabytes} in {len(files)} files, {megabytes} of it to fetch.\n"
    assert find_model("256m").folder == find_snapshot(HUB_ID)


def test_what_was_fetched_describes_without_a_second_copy(hub: HubStub, picture: Path, shell: Shell) -> None:
    shell("models", "get", "256m")
    answer = shell("describe", picture, "--model", "256m", "--max-tokens", "2", "--json", "--detail", "low")
    assert json.loads(answer.out)["model"] == HUB_ID
    assert not models_folder().exists()


@pytest.mark.parametrize("status", [401, 404])
def test_a_refused_download_is_a_sentence_and_exit_code_4(hub: HubStub, status: int, shell: Shell) -> None:
    hub.file_status = {WEIGHTS: status}
    ended = shell("models", "get", "256m")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.count("\n") == 2 and "The hub has no public model" in ended.err
    assert find_snapshot(HUB_ID) is None


def test_wrong_bytes_are_a_sentence_and_leave_nothing(hub: HubStub, shell: Shell) -> None:
    hub.wrong_bytes = {WEIGHTS: 9}
    ended = shell("models", "get", "256m")
    assert ended.code == 4 and "other bytes than the hub announces" in ended.err
    assert not list(cache_folder().rglob("*.incomplete")) and find_snapshot(HUB_ID) is None


def test_a_terminal_shows_bytes_rate_and_time_left(hub: HubStub) -> None:
    hub.pause = 0.005
    ended = on_terminal(*SMOLSIGHT, "models", "get", "256m")
    assert ended.code == 0
    assert "Downloading" in ended.err and "B/s" in ended.err and "0:00:" in ended.err


@pytest.mark.parametrize("arguments", [("models", "get", "256m", "--offline"), ("--offline", "models", "get", "256m")])
def test_offline_no_connection_is_opened(hub: HubStub, arguments: tuple[str, ...]) -> None:
    ended = smolsight(*arguments)
    assert ended.code == 4 and "forbids to fetch it" in ended.err
    assert hub.requests == []
    assert smolsight("models", "get", "256m").code == 0
    hub.requests.clear()
    again = smolsight(*arguments)
    assert (again.code, again.out, again.err) == (0, f"{find_snapshot(HUB_ID)}\n", "")
    assert hub.requests == []


def test_a_name_that_is_none_of_the_hubs_is_refused(run: Run) -> None:
    result = run("models", "get", "nonsense")
    assert result.exit_code == 4 and "one of: 2.2b, 500m, 256m" in result.stderr


def test_list_has_what_is_here_and_what_can_be_had(run: Run, small: Path) -> None:
    result = run("models", "list", "--json")
    rows = {row["name"]: row for row in objects(result.stdout)}
    assert rows["org/small-8bit"]["here"] and rows["org/small-8bit"]["folder"] == str(small)
    assert rows["org/small-8bit"]["bytes"] == sum(path.stat().st_size for path in small.iterdir())
    assert [name for name, row in rows.items() if row["default"]] == ["org/small-8bit"]
    assert rows[HUB_ID]["bytes"] == 512969856 and rows[HUB_ID]["memory_bytes"] == 800000000
    assert not rows[HUB_ID]["here"] and rows[HUB_ID]["short_name"] == "256m"

    lines = run("models", "list").stdout.splitlines()
    assert len(lines) == 1 + len(rows)
    assert [line.split()[1] for line in lines if line.startswith("*")] == ["org/small-8bit"]


def test_list_shows_an_interrupted_download(run: Run) -> None:
    blobs = cache_folder() / f"models--{HUB_ID.replace('/', '--')}" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{'a' * 64}.incomplete").write_bytes(bytes(200_000))
    (line,) = [line for line in run("models", "list").stdout.splitlines() if f"{HUB_ID} " in line]
    assert "interrupted" in line and "0.2 MB" in line


def test_info_tells_files_parts_and_memory(run: Run, small: Path) -> None:
    (record,) = objects(run("models", "info", "org/small-8bit", "--json").stdout)
    assert record["files"][WEIGHTS] == (small / WEIGHTS).stat().st_size
    assert record["parts"]["decoder"]["bits_per_weight"] == 32 and record["context"] == 8192
    assert 0 < record["memory_bytes"] < record["machine"]["memory_bytes"]

    printed = run("models", "info", "org/small-8bit").stdout
    assert f"{WEIGHTS}, " in printed and "32.0 bits a weight" in printed and "64 x 64 pixels, 16 tokens" in printed


def test_info_shows_what_the_conversion_measured(run: Run, small: Path) -> None:
    report = {
        "parts": {"vision": {"relative_error": 0.0123, "bytes": 1, "bits": 8.5}, "head": None},
        "kl_per_token": 0.004321,
        "top1_agreement": 0.987,
        "text_agreement": None,
    }
    (small / "conversion.json").write_text(json.dumps(report))
    lines = [" ".join(line.split()) for line in run("models", "info", "org/small-8bit").stdout.splitlines()]
    assert "vision, changed by 1.23 %" in lines and "head, changed by not known" in lines
    assert "KL per token 0.004321" in lines
    assert "same first choice 98.7 %" in lines and "same text not known" in lines


def test_verify_says_fine_or_what_is_broken_with_exit_code_4(run: Run, small: Path) -> None:
    fine = run("models", "verify", "org/small-8bit")
    assert (fine.exit_code, fine.stdout) == (0, "org/small-8bit: fine (all weights read)\n")

    (small / WEIGHTS).write_bytes((small / WEIGHTS).read_bytes()[:-100])
    broken = run("models", "verify", "--json")
    assert broken.exit_code == 4
    verdicts = {verdict["name"]: verdict for verdict in objects(broken.stdout)}
    assert verdicts["embedded"]["problems"] == [] and len(verdicts["org/small-8bit"]["problems"]) == 1
    assert "smolsight convert org/small --bits 8 --force" in run("models", "verify", "org/small-8bit").stdout


def test_rm_removes_only_after_a_yes(small: Path) -> None:
    asked = on_terminal(*SMOLSIGHT, "models", "rm", "org/small-8bit", typed="n\n")
    assert asked.code == 130 and f"Remove {small}" in asked.err.replace("\r\n", "") and small.is_dir()

    nobody = smolsight("models", "rm", "org/small-8bit")
    assert nobody.code == 2 and "--yes" in nobody.err and small.is_dir()

    assert on_terminal(*SMOLSIGHT, "models", "rm", "org/small-8bit", typed="y\n").code == 0
    assert not small.exists()


def test_rm_with_yes_asks_nobody(run: Run, small: Path) -> None:
    result = run("models", "rm", "org/small-8bit", "--yes")
    assert (result.exit_code, result.stdout) == (0, "") and "is removed" in result.stderr
    assert not small.exists()


@pytest.mark.parametrize("name", ["embedded", "nothing", "../models"])
def test_rm_refuses_what_is_not_on_the_shelf(run: Run, small: Path, name: str) -> None:
    assert run("models", "rm", name, "--yes").exit_code == 4
    assert small.is_dir()


def test_default_is_told_chosen_and_given_back(run: Run, small: Path) -> None:
    assert run("models", "default", "embedded").stdout == "embedded\n"
    assert default_name() == "embedded"
    assert run("models", "default").stdout == "embedded\n"
    assert run("models", "default", "--unset").stdout == "org/small-8bit\n"
    assert run("models", "default", "nonsense").exit_code == 4
    assert run("models", "default", "embedded", "--unset").exit_code == 2


def test_path_is_that_of_a_model_or_of_all(run: Run, small: Path) -> None:
    assert run("models", "path", "org/small-8bit").stdout == f"{small}\n"
    assert run("models", "path").stdout == os.environ["SMOLSIGHT_MODELS"] + "\n"
    assert run("models", "path", "256m").exit_code == 4
