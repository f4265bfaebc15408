"""Downloads from a hub that is a stub on this machine: what arrives, where it lies, what is fetched again."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.shelf import downloads
from app.shelf.downloads import download, look_up
from app.shelf.hub_cache import cache_folder, find_snapshot, repository_folder
from mlx_model.errors import Cancelled, DownloadError
from tests.app.shelf.conftest import HUB_ID, WEIGHTS
from tests.hub_stub import COMMIT, HubStub


def parts() -> list[Path]:
    return [path for path in cache_folder().rglob("*") if path.name.endswith((".incomplete", ".partial"))]


def fetched(hub: HubStub) -> list[str]:
    return [request.removeprefix("GET ") for request in hub.requests if request.startswith("GET")]


def test_a_repository_arrives_whole_in_the_hubs_cache(hub: HubStub, files: dict[str, bytes]) -> None:
    folder = download(HUB_ID)

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert find_snapshot(HUB_ID) == folder
    assert parts() == []


def test_the_hubs_own_library_finds_what_was_downloaded(hub: HubStub, files: dict[str, bytes]) -> None:
    from huggingface_hub import scan_cache_dir, try_to_load_from_cache

    folder = download(HUB_ID)

    assert try_to_load_from_cache(HUB_ID, WEIGHTS, cache_dir=cache_folder()) == str(folder / WEIGHTS)
    (repository,) = scan_cache_dir(cache_folder()).repos
    assert (repository.repo_id, repository.nb_files) == (HUB_ID, len(files))
    assert repository.refs["main"].commit_hash == COMMIT


def test_what_the_hubs_own_library_downloaded_is_not_fetched_again(hub: HubStub, files: dict[str, bytes]) -> None:
    """Its layout, as its guide has it: blobs by checksum, links in the snapshot."""
    download(HUB_ID)
    snapshot = repository_folder(HUB_ID) / "snapshots" / COMMIT
    for link in snapshot.iterdir():
        link.unlink()
    hub.requests.clear()

    assert download(HUB_ID) == snapshot
    assert fetched(hub) == []
    assert (snapshot / WEIGHTS).read_bytes() == files[WEIGHTS]


def test_a_snapshot_of_plain_files_is_taken_as_it_is(hub: HubStub, files: dict[str, bytes]) -> None:
    """What the library makes with HF_HUB_DISABLE_SYMLINKS."""
    snapshot = repository_folder(HUB_ID) / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    for name, content in files.items():
        (snapshot / name).write_bytes(content)

    download(HUB_ID)

    assert fetched(hub) == []
    assert not (snapshot / WEIGHTS).is_symlink()


def test_progress_counts_bytes_up_to_the_whole(hub: HubStub, files: dict[str, bytes]) -> None:
    seen: list[tuple[int, int]] = []

    download(HUB_ID, lambda done, total: seen.append((done, total)))

    total = sum(len(content) for content in files.values())
    assert seen[-1] == (total, total)
    assert {all_bytes for _, all_bytes in seen} == {total}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_stopped_download_goes_on_where_it_was(hub: HubStub, files: dict[str, bytes]) -> None:
    half = sum(map(len, files.values())) // 2
    hub.pause = 0.001

    def stop(done: int, total: int) -> None:
        if done > half:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        download(HUB_ID, stop)
    (part,) = parts()
    begun = part.stat().st_size
    assert 0 < begun < len(files[WEIGHTS]) and find_snapshot(HUB_ID) is None
    assert look_up(HUB_ID).missing_bytes < half

    sent: list[int] = []
    download(HUB_ID, lambda done, total: sent.append(done))
    assert min(sent) > 0
    assert find_snapshot(HUB_ID) is not None and parts() == []
    assert (repository_folder(HUB_ID) / "snapshots" / COMMIT / WEIGHTS).read_bytes() == files[WEIGHTS]


def test_scripts_subfolders_and_paths_that_climb_are_never_asked_for(hub: HubStub) -> None:
    unwanted = ["modeling.py", "onnx/model.onnx", "onnx/config.json", "pytorch_model.bin", "../../evil.json", "x.gguf"]
    hub.files |= dict.fromkeys(unwanted, b"{}")

    folder = download(HUB_ID)

    assert not set(fetched(hub)) & set(unwanted)
    assert not {path.name for path in folder.rglob("*")} & {"modeling.py", "onnx", "evil.json", "x.gguf"}


@pytest.mark.parametrize(
    "changes",
    [
        {"sha": "../../../evil"},
        {"sha": None},
        {"siblings": [{"rfilename": name, "size": 2, "blobId": "../../evil"} for name in ("config.json", WEIGHTS)]},
        {"siblings": [{"rfilename": name, "size": 2} for name in ("config.json", WEIGHTS)]},
    ],
)
def test_a_listing_whose_checksums_are_no_checksums_is_refused(hub: HubStub, changes: dict[str, object]) -> None:
    hub.listing_changes = changes

    with pytest.raises(DownloadError, match="not in its usual form"):
        download(HUB_ID)
    assert hub.requests == ["listing"] and not cache_folder().exists()


def test_a_second_download_fetches_nothing_again(hub: HubStub) -> None:
    folder = download(HUB_ID)
    hub.requests.clear()

    assert download(HUB_ID) == folder
    assert fetched(hub) == []


def test_again_mends_a_file_whose_bytes_changed_on_the_disk(hub: HubStub, files: dict[str, bytes]) -> None:
    folder = download(HUB_ID)
    (folder / WEIGHTS).write_bytes(bytes(len(files[WEIGHTS])))
    hub.requests.clear()

    download(HUB_ID, again=True)

    assert fetched(hub) == [WEIGHTS]
    assert (folder / WEIGHTS).read_bytes() == files[WEIGHTS]


def test_a_file_that_the_disk_cut_short_is_fetched_again(hub: HubStub, files: dict[str, bytes]) -> None:
    folder = download(HUB_ID)
    (folder / WEIGHTS).write_bytes(files[WEIGHTS][:100])

    download(HUB_ID)

    assert (folder / WEIGHTS).read_bytes() == files[WEIGHTS]


def test_a_checkpoint_that_the_catalogue_pins_comes_at_that_commit_with_those_bytes(
    hub: HubStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = "HuggingFaceTB/SmolVLM2-256M-Video-Instruct"
    hub.hub_ids = (pinned,)
    hub.requests.clear()
    from app.shelf import catalogue as rows
    from app.shelf import listing

    known = next(row for row in rows() if row.hub_id == pinned)
    row = type(known)(**{**vars(known), "revision": COMMIT, "sha256": {WEIGHTS: "0" * 64}})
    monkeypatch.setattr(listing, "known_as", lambda hub_id: row)

    with pytest.raises(DownloadError, match="its checksum differs. Nothing was fetched"):
        download(pinned)
    assert hub.requests == ["listing"]

    row.sha256.clear()
    assert download(pinned).name == COMMIT
    assert not (repository_folder(pinned) / "refs").exists(), "nobody said that it is the newest"


def test_parts_that_nobody_goes_on_with_are_removed_after_a_day(hub: HubStub) -> None:
    blobs = repository_folder(HUB_ID) / "blobs"
    blobs.mkdir(parents=True)
    old, young = blobs / f"{'a' * 64}.incomplete", blobs / "b.12345678.incomplete"
    for part in (old, young):
        part.write_bytes(b"part")
    os.utime(old, (time.time() - 2 * downloads.ORPHAN_AGE,) * 2)

    download(HUB_ID)

    assert parts() == [young]


def test_a_disk_without_room_is_found_before_anything_is_fetched(hub: HubStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda place: Usage)

    with pytest.raises(DownloadError, match="needs 0.0 GB more, .* has 0.0 GB left: make room"):
        download(HUB_ID)
    assert hub.requests == ["listing"]


class Usage:
    free = 1000


def test_a_snapshot_that_is_here_will_do_when_the_hub_cannot_be_asked(
    hub: HubStub, caplog: pytest.LogCaptureFixture
) -> None:
    folder = download(HUB_ID)
    hub.listing_status = 503

    assert download(HUB_ID) == folder
    assert "the copy in its cache is used" in caplog.text


def test_the_token_goes_to_the_hub_and_not_to_where_it_sends_us(
    hub: HubStub, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with HubStub(files, HUB_ID) as elsewhere:
        hub.redirect_to = elsewhere.url
        folder = download(HUB_ID)

    assert (folder / WEIGHTS).read_bytes() == files[WEIGHTS]
    assert set(hub.authorizations) == {"Bearer hf_secret"}
    assert set(elsewhere.authorizations) == {None}


def test_importing_downloads_does_not_import_the_hubs_library(root: Path) -> None:
    code = "import sys, app.shelf.downloads; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=root).returncode == 0
