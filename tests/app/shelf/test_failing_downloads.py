"""Every way in which a hub or the way to it can fail: tried again where that helps, else one sentence."""

import errno
import os
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from app.shelf import downloads, retries
from app.shelf.downloads import download, download_size
from app.shelf.hub_cache import cache_folder, find_snapshot
from mlx_model.errors import Cancelled, DownloadError
from tests.app.shelf.conftest import HUB_ID, WEIGHTS
from tests.app.shelf.test_downloads import fetched, parts
from tests.hub_stub import HubStub


def test_a_file_that_was_cut_once_goes_on_where_it_stopped(hub: HubStub, files: dict[str, bytes]) -> None:
    hub.cut_once = {WEIGHTS: len(files[WEIGHTS]) // 2}

    folder = download(HUB_ID)

    assert (folder / WEIGHTS).read_bytes() == files[WEIGHTS]
    assert fetched(hub).count(WEIGHTS) == 2


def test_a_server_that_knows_no_ranges_sends_the_file_anew(hub: HubStub, files: dict[str, bytes]) -> None:
    hub.cut_once, hub.without_ranges = {WEIGHTS: len(files[WEIGHTS]) // 2}, True
    assert (download(HUB_ID) / WEIGHTS).read_bytes() == files[WEIGHTS]


def test_a_file_that_is_always_cut_is_reported_and_what_came_stays(hub: HubStub, files: dict[str, bytes]) -> None:
    half = len(files[WEIGHTS]) // 2
    hub.cut_after = {WEIGHTS: half}

    with pytest.raises(
        DownloadError, match=r"org/tiny could not be fetched from the hub \(.+\)\. Check the connection"
    ):
        download(HUB_ID)
    assert find_snapshot(HUB_ID) is None
    assert [part.stat().st_size for part in parts()] == [half]

    hub.cut_after = {}
    hub.requests.clear()
    download(HUB_ID)
    assert fetched(hub) == [WEIGHTS, "tokenizer.json", "tokenizer_config.json"]


def test_wrong_bytes_are_fetched_anew_once(hub: HubStub, files: dict[str, bytes]) -> None:
    hub.wrong_bytes = {WEIGHTS: 1}
    assert (download(HUB_ID) / WEIGHTS).read_bytes() == files[WEIGHTS]
    assert fetched(hub).count(WEIGHTS) == 2


@pytest.mark.parametrize("name", [WEIGHTS, "config.json"])
def test_bytes_that_stay_wrong_are_reported_and_not_kept(hub: HubStub, name: str) -> None:
    hub.wrong_bytes = {name: 99}

    with pytest.raises(DownloadError, match=f"{name} arrived with other bytes than the hub announces"):
        download(HUB_ID)
    assert parts() == [] and find_snapshot(HUB_ID) is None
    assert fetched(hub).count(name) == 2


def test_a_beginning_that_is_broken_on_the_disk_is_fetched_anew(hub: HubStub, files: dict[str, bytes]) -> None:
    hub.cut_after = {WEIGHTS: 5000}
    with pytest.raises(DownloadError):
        download(HUB_ID)
    (part,) = parts()
    part.write_bytes(bytes(5000))
    hub.cut_after = {}

    assert (download(HUB_ID) / WEIGHTS).read_bytes() == files[WEIGHTS]


def test_a_body_that_does_not_end_is_cut_and_refused(hub: HubStub, files: dict[str, bytes]) -> None:
    shorter = hub.listing()
    for entry in shorter["siblings"]:
        if entry["rfilename"] == WEIGHTS:
            entry["size"] = entry["lfs"]["size"] = 1000
    hub.listing_changes = {"siblings": shorter["siblings"]}

    with pytest.raises(DownloadError, match="other bytes than the hub announces"):
        download(HUB_ID)
    assert parts() == []


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
def test_a_refusal_becomes_one_sentence(hub: HubStub, status: int, code: str | None, words: str) -> None:
    hub.listing_status, hub.error_code = status, code
    with pytest.raises(DownloadError, match=words) as raised:
        download(HUB_ID)
    assert "\n" not in str(raised.value)

    hub.listing_status, hub.file_status = 200, {WEIGHTS: status}
    with pytest.raises(DownloadError, match=words) as raised:
        download(HUB_ID)
    assert "\n" not in str(raised.value)
    assert parts() == [] or all(part.stat().st_size == 0 for part in parts())


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_after_longer_and_longer_waits(
    hub: HubStub, waits: list[float], status: int
) -> None:
    hub.status_once = {"listing": [status], WEIGHTS: [status, status]}

    assert (download(HUB_ID) / WEIGHTS).is_file()
    assert sum(waits) == pytest.approx(1 + 1 + 2)


def test_a_hub_that_says_how_long_is_asked_again_then(hub: HubStub, waits: list[float]) -> None:
    hub.status_once, hub.retry_after = {WEIGHTS: [429]}, "30"
    download(HUB_ID)
    assert sum(waits) == pytest.approx(30)

    waits.clear()
    hub.retry_after = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    hub.status_once = {"listing": [503]}
    download(HUB_ID)
    assert sum(waits) == pytest.approx(60, abs=5)


def test_a_hub_that_asks_for_an_hour_is_not_waited_for(hub: HubStub, waits: list[float]) -> None:
    hub.listing_status, hub.retry_after = 429, "3600"
    with pytest.raises(DownloadError, match="too many requests"):
        download(HUB_ID)
    assert waits == [] and hub.requests == ["listing"]


def test_a_wait_can_be_stopped(hub: HubStub, waits: list[float]) -> None:
    hub.listing_status, hub.retry_after = 503, "100"

    def stop(done: int, total: int) -> None:
        if sum(waits) > 1:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        download(HUB_ID, stop)
    assert sum(waits) < 2


def test_a_file_that_is_listed_but_missing_is_reported(hub: HubStub) -> None:
    hub.listed_only = {"added_tokens.json"}
    hub.listing_changes = {
        "siblings": [{**entry, "size": 9} if entry["size"] == 0 else entry for entry in hub.listing()["siblings"]]
    }
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

    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.1)
    monkeypatch.setattr(retries, "FAILURES", 2)
    hub.pause = 0.5

    with pytest.raises(DownloadError, match="timed out"):
        download(HUB_ID)


def test_a_hub_that_is_not_there_is_reported_with_the_reason(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")

    with pytest.raises(DownloadError, match="refused"):
        download(HUB_ID)


def test_offline_no_socket_is_opened_and_the_sentence_says_how_to_leave(
    hub: HubStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = download(HUB_ID)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    assert download(HUB_ID) == folder
    for ask in (download, download_size):
        with pytest.raises(DownloadError, match="HF_HUB_OFFLINE, --offline or the window's setting forbids"):
            ask("org/other")


def test_going_offline_ends_a_download_and_nothing_more_is_asked(hub: HubStub, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    def unplug(done: int, total: int) -> None:
        told.append(len(hub.requests))
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    with pytest.raises(DownloadError, match="forbids"):
        download(HUB_ID, unplug)
    assert len(hub.requests) == told[0]


def test_a_second_process_that_fetches_the_same_file_is_noticed(hub: HubStub, files: dict[str, bytes]) -> None:
    import fcntl

    hub.cut_after = {WEIGHTS: 5000}
    with pytest.raises(DownloadError):
        download(HUB_ID)
    (part,) = parts()
    with part.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DownloadError, match="Another process is fetching model.safetensors"):
            download(HUB_ID)


def test_a_full_disk_is_reported_with_the_way_to_move_the_cache(hub: HubStub, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(downloads, "fetch", fail)

    with pytest.raises(DownloadError, match="is full: make room, or move it with HF_HUB_CACHE"):
        download(HUB_ID)


def test_a_cache_that_cannot_be_made_is_reported_with_its_place(hub: HubStub) -> None:
    cache_folder().parent.mkdir(parents=True)
    cache_folder().write_text("a file")
    with pytest.raises(DownloadError, match="hub's cache cannot be written to: Not a directory"):
        download(HUB_ID)
