"""What is told of a model: files, bits of each part, memory, where it came from."""

import json
from pathlib import Path

import pytest

from app.shelf import find_model, models_folder, set_default
from app.shelf.details import describe_model
from app.shelf.downloads import download
from mlx_model.errors import CheckpointError
from tests.app.shelf.conftest import HUB_ID
from tests.checkpoints import write_checkpoint
from tests.convert.bare import convert
from tests.hub_stub import COMMIT, HubStub


def test_bits_and_bytes_of_each_part_are_those_that_the_conversion_told(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", "256m", dtype="bfloat16")
    result = convert(source, models_folder() / "org" / "tiny-4bit")
    details = describe_model(find_model("org/tiny-4bit"))
    told = {name: (part.bytes, part.bits) for name, part in result.report.parts.items()}
    assert {part.part: (part.nbytes, 8 * part.nbytes / part.weights) for part in details.parts} == told
    assert [part.part for part in details.parts] == list(told)
    assert details.nbytes == sum(path.stat().st_size for path in details.folder.iterdir())


def test_a_download_tells_its_commit_and_a_folder_does_not(hub: HubStub, tmp_path: Path) -> None:
    download(HUB_ID)
    details = describe_model(find_model(HUB_ID))
    assert (details.revision, details.tile, details.tokens_per_tile) == (COMMIT, None, 0)
    folder = write_checkpoint(tmp_path / "snapshots" / COMMIT, "256m")
    assert describe_model(find_model(str(folder))).revision is None


def test_the_default_says_so(tmp_path: Path) -> None:
    folder = str(write_checkpoint(tmp_path / "mine", "smollm2"))
    assert not describe_model(find_model(folder)).is_default
    set_default(folder)
    assert describe_model(find_model(folder)).is_default


@pytest.mark.parametrize("written", ["{", "[]", ""])
def test_a_conversion_report_is_shown_as_written_and_a_broken_one_is_none(tmp_path: Path, written: str) -> None:
    folder = write_checkpoint(tmp_path / "mine", "smollm2")
    report = {"kl_per_token": 0.01, "parts": {"decoder": {"relative_error": 0.05, "bytes": 9, "bits": 4.5}}}
    (folder / "conversion.json").write_text(json.dumps(report))
    assert describe_model(find_model(str(folder))).conversion == report
    (folder / "conversion.json").write_text(written)
    assert describe_model(find_model(str(folder))).conversion is None


def test_broken_headers_are_a_sentence_with_the_file(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine", "smollm2")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="model.safetensors is damaged"):
        describe_model(find_model(str(folder)))
