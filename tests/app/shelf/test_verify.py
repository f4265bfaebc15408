"""Damage on the disk is found, named, and comes with the command that mends it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.shelf import find_model, models_folder
from app.shelf.downloads import download
from app.shelf.verify import Verdict, verify
from mlx_model.errors import Cancelled
from tests.app.shelf.conftest import HUB_ID, WEIGHTS
from tests.broken_models import BROKEN_MODELS
from tests.checkpoints import write_checkpoint
from tests.hub_stub import HubStub


def check(name: str) -> Verdict:
    return verify(find_model(name))


def test_a_whole_download_is_compared_file_by_file(hub: HubStub, files: dict[str, bytes]) -> None:
    download(HUB_ID)
    seen: list[tuple[int, int]] = []
    verdict = verify(find_model(HUB_ID), lambda done, total: seen.append((done, total)))
    assert (verdict.problems, verdict.checksums, verdict.files) == ((), len(files), len(files))
    total = sum(map(len, files.values()))
    assert seen[-1] == (total, total)


def flip(content: bytes) -> bytes:
    return content[:-2] + bytes([content[-2] ^ 1, content[-1]])


def cut(content: bytes) -> bytes:
    return content[:-5]


@pytest.mark.parametrize("damage", [flip, cut])
def test_a_download_that_changed_on_the_disk_is_named_with_what_mends_it(
    hub: HubStub, files: dict[str, bytes], damage: Callable[[bytes], bytes]
) -> None:
    folder = download(HUB_ID)
    (folder / WEIGHTS).write_bytes(damage(files[WEIGHTS]))

    verdict = check(HUB_ID)
    assert str(folder / WEIGHTS) in verdict.problems[0] and "checksum is wrong" in verdict.problems[0]
    assert verdict.mend and verdict.mend.endswith(f"smolsight models get {HUB_ID} --again")

    download(HUB_ID, again=True)
    assert check(HUB_ID).problems == ()


@pytest.mark.parametrize("name", ["weights truncated", "tensor missing", "NaN"])
def test_a_broken_folder_on_the_shelf_is_named_with_the_conversion_that_mends_it(name: str) -> None:
    folder = write_checkpoint(models_folder() / "org" / "tiny-4bit", "256m")
    BROKEN_MODELS[name].damage(folder)
    verdict = check("org/tiny-4bit")
    assert len(verdict.problems) == 1 and str(folder) in verdict.problems[0]
    assert verdict.mend and verdict.mend.endswith("smolsight convert org/tiny --bits 4 --force")


def test_a_folder_without_checksums_is_read_all_the_same(tmp_path: Path) -> None:
    verdict = check(str(write_checkpoint(tmp_path / "mine", "smollm2")))
    assert (verdict.problems, verdict.checksums, verdict.mend) == ((), 0, None)


def test_reading_can_be_stopped(hub: HubStub) -> None:
    download(HUB_ID)

    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        verify(find_model(HUB_ID), stop)
