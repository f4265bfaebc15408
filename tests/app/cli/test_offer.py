"""A model that is not here is offered with its size, on a terminal alone, and fetched only after a yes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.shelf import find_model, models_folder
from tests.app.cli.conftest import Run
from tests.app.cli.processes import SMOLSIGHT, on_terminal
from tests.checkpoints import write_checkpoint
from tests.hub_stub import HubStub

HUB_ID = "HuggingFaceTB/SmolVLM2-256M-Video-Instruct"
COMMAND = f"smolsight convert {HUB_ID}"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = write_checkpoint(tmp_path_factory.mktemp("hub"), "256m")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def hub(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[HubStub]:
    with HubStub(files, HUB_ID) as stub:
        monkeypatch.setenv("HF_ENDPOINT", stub.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        yield stub


def describe_on_terminal(picture: Path, typed: str) -> tuple[int, str, str]:
    ask = ("describe", picture, "--model", "256m", "--max-tokens", "4", "--json")
    ended = on_terminal(*SMOLSIGHT, *ask, typed=typed)
    return ended.code, ended.out, ended.err


def test_a_yes_fetches_converts_and_answers(hub: HubStub, files: dict[str, bytes], picture: Path) -> None:
    code, out, err = describe_on_terminal(picture, "y\n")
    assert code == 0, err
    megabytes = sum(map(len, files.values())) / 1e6
    assert f"{HUB_ID} is not installed. Download {megabytes:.1f} MB and convert it to 4 bits?" in err
    assert f'"model": "{HUB_ID}-4bit"' in out and out.count("\n") == 1
    assert find_model("256m").folder == models_folder() / f"{HUB_ID}-4bit"


@pytest.mark.parametrize("typed", ["n\n", "\n"])
def test_a_no_fetches_nothing_and_names_the_command(hub: HubStub, picture: Path, typed: str) -> None:
    code, _, err = describe_on_terminal(picture, typed)
    assert code == 4
    assert COMMAND in err
    assert hub.requests == ["listing"]
    assert not models_folder().exists()


def test_a_hub_that_cannot_be_asked_makes_no_offer(hub: HubStub, picture: Path) -> None:
    hub.listing_status = 404
    code, _, err = describe_on_terminal(picture, "y\n")
    assert code == 4
    assert COMMAND in err and "[y/N]" not in err


def test_without_a_terminal_nobody_is_asked_and_nothing_is_opened(hub: HubStub, run: Run, picture: Path) -> None:
    result = run("describe", picture, model="256m", stdin=b"y\n")
    assert result.exit_code == 4
    assert result.stderr == f"smolsight: The model 256m is not installed; to download and convert it: {COMMAND}\n"
    assert hub.requests == []


def test_a_name_that_means_nothing_to_the_hub_is_not_offered(hub: HubStub, picture: Path) -> None:
    ended = on_terminal(*SMOLSIGHT, "describe", picture, "--model", "nonsense", typed="y\n")
    assert ended.code == 4
    assert hub.requests == []
