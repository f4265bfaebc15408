"""Downloads from a hub that is a stub on this machine, and every way in which it can fail."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import downloads
from app.downloads import download
from app.hub_cache import cache_folder, find_snapshot
from mlx_model.errors import Cancelled, DownloadError
from tests.checkpoints import write_checkpoint
from tests.hub_stub import HubStub

HUB_ID = "org/tiny"
WEIGHTS = "model.safetensors"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = write_checkpoint(tmp_path_factory.mktemp("checkpoint"), "smollm2", dtype="bfloat16")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def hub(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[HubStub]:
    """The stub as the hub that `download` asks; waits between retries are left out."""
    from huggingface_hub import close_session, constants, file_download
    from huggingface_hub.utils import _http

    class Clock:
        @staticmethod
        def sleep(seconds: float) -> None:
            pass

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(_http, "time", Clock)
    monkeypatch.setattr(file_download, "time", Clock)
    with HubStub(dict(files), HUB_ID) as stub:
        monkeypatch.setenv("HF_ENDPOINT", stub.url)
        yield stub
        close_session()


def parts_left_behind() -> list[Path]:
    return [path for path in cache_folder().rglob("*") if path.name.endswith(".incomplete")]


def test_a_repository_arrives_whole_in_the_hubs_cache(hub: HubStub, files: dict[str, bytes]) -> None:
    folder = download(HUB_ID)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert find_snapshot(HUB_ID) == folder


def test_progress_counts_bytes_up_to_the_whole(hub: HubStub, files: dict[str, bytes]) -> None:
    seen: list[tuple[int, int]] = []

    download(HUB_ID, lambda done, total: seen.append((done, total)))

    total = sum(len(content) for content in files.values())
    assert seen[-1] == (total, total)
    assert {all_bytes for _, all_bytes in seen} == {total}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_progress_that_raises_stops_the_download_and_leaves_no_part(hub: HubStub) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        download(HUB_ID, stop)

    assert parts_left_behind() == []
    assert find_snapshot(HUB_ID) is None


def test_scripts_subfolders_and_paths_that_climb_are_never_asked_for(hub: HubStub, tmp_path: Path) -> None:
    unwanted = ["modeling.py", "onnx/model.onnx", "onnx/config.json", "pytorch_model.bin", "../../evil.json", "x.gguf"]
    hub.files |= dict.fromkeys(unwanted, b"{}")

    folder = download(HUB_ID)

    asked = {request.partition(" ")[2] for request in hub.requests}
    assert not asked & set(unwanted)
    assert not {path.name for path in folder.rglob("*")} & {"modeling.py", "onnx", "evil.json", "x.gguf"}


def test_a_second_download_fetches_nothing_again(hub: HubStub) -> None:
    folder = download(HUB_ID)
    hub.requests.clear()

    assert download(HUB_ID) == folder
    assert [request for request in hub.requests if request.startswith("GET")] == []


def test_a_file_that_was_cut_once_goes_on_where_it_stopped(hub: HubStub, files: dict[str, bytes]) -> None:
    hub.cut_once = {WEIGHTS: len(files[WEIGHTS]) // 2}

    folder = download(HUB_ID)

    assert (folder / WEIGHTS).read_bytes() == files[WEIGHTS]
    assert hub.requests.count(f"GET {WEIGHTS}") == 2


def test_a_file_that_is_always_cut_is_reported_and_the_finished_ones_stay(
    hub: HubStub, files: dict[str, bytes]
) -> None:
    hub.cut_after = {WEIGHTS: len(files[WEIGHTS]) // 2}

    with pytest.raises(
        DownloadError, match=r"org/tiny could not be fetched from the hub \(.+\)\. Check the connection"
    ):
        download(HUB_ID)
    assert parts_left_behind() == []
    assert find_snapshot(HUB_ID) is None

    hub.cut_after = {}
    hub.requests.clear()
    download(HUB_ID)
    assert [request for request in hub.requests if request.startswith("GET")] == [
        f"GET {name}" for name in ("model.safetensors", "tokenizer.json", "tokenizer_config.json")
    ]


def test_a_file_of_another_size_than_announced_is_reported(hub: HubStub, files: dict[str, bytes]) -> None:
    hub.announced_size = {WEIGHTS: len(files[WEIGHTS]) + 100}

    with pytest.raises(DownloadError, match="Consistency check failed"):
        download(HUB_ID)
    assert parts_left_behind() == []


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, None, "no public model org/tiny .* hf auth login"),
        (401, "GatedRepo", "accepted its terms"),
        (403, "GatedRepo", "accepted its terms"),
        (403, None, "accepted its terms"),
        (404, "RepoNotFound", "no public model org/tiny"),
        (429, None, "too many requests"),
        (500, None, "The hub answered 500"),
        (503, None, "The hub answered 503"),
    ],
)
def test_a_listing_that_is_refused_becomes_one_sentence(
    hub: HubStub, status: int, code: str | None, words: str
) -> None:
    hub.listing_status, hub.error_code = status, code

    with pytest.raises(DownloadError, match=words) as raised:
        download(HUB_ID)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "hf auth login"), (404, "no public model"), (429, "too many requests"), (503, "The hub answered 503")],
)
def test_a_file_that_is_refused_becomes_one_sentence(hub: HubStub, status: int, words: str) -> None:
    hub.file_status = {WEIGHTS: status}

    with pytest.raises(DownloadError, match=words) as raised:
        download(HUB_ID)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_listed_but_missing_is_reported(hub: HubStub) -> None:
    hub.listed_only = {"added_tokens.json"}

    with pytest.raises(DownloadError, match="with these files"):
        download(HUB_ID)


def test_a_repository_without_weights_for_us_is_refused_before_anything_is_fetched(hub: HubStub) -> None:
    del hub.files[WEIGHTS]
    hub.files["model.gguf"] = b"GGUF"

    with pytest.raises(DownloadError, match="no checkpoint for us"):
        download(HUB_ID)
    assert hub.requests == ["listing"]


def test_a_hub_that_does_not_answer_in_time_is_reported(hub: HubStub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.2)
    hub.pause = 1.0

    with pytest.raises(DownloadError, match="timed out"):
        download(HUB_ID)


def test_a_hub_that_is_not_there_is_reported_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")

    with pytest.raises(DownloadError, match="refused"):
        download(HUB_ID)


def test_a_snapshot_that_is_here_will_do_when_the_hub_cannot_be_asked(
    hub: HubStub, caplog: pytest.LogCaptureFixture
) -> None:
    folder = download(HUB_ID)
    hub.listing_status = 503

    assert download(HUB_ID) == folder
    assert "the copy in its cache is used" in caplog.text


def test_offline_mode_asks_nobody_and_says_how_to_leave_it(hub: HubStub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE forbids"):
        download(HUB_ID)
    assert hub.requests == []


def test_a_full_disk_is_reported_with_the_way_to_move_the_cache(hub: HubStub, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(downloads, "_fetch", fail)

    with pytest.raises(DownloadError, match="is full: make room, or move it with HF_HUB_CACHE"):
        download(HUB_ID)


def test_importing_downloads_does_not_import_the_hubs_library(root: Path) -> None:
    code = "import sys, app.downloads; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
