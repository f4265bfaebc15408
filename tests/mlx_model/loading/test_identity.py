"""A checkpoint's identity: the same wherever it lies, another once anything that computes has changed."""

import os
import shutil
from pathlib import Path

import pytest

from mlx_model.errors import CheckpointError
from mlx_model.loading.identity import model_identity
from tests.checkpoints import write_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "model", "256m")


def test_a_folder_that_is_moved_copied_or_linked_stays_the_same_model(folder: Path, tmp_path: Path) -> None:
    identity = model_identity(folder)
    assert len(identity) == 64
    assert model_identity(Path(shutil.copytree(folder, tmp_path / "copy"))) == identity
    (tmp_path / "hub").mkdir()
    for file in folder.iterdir():
        (tmp_path / "hub" / file.name).symlink_to(file)
    assert model_identity(tmp_path / "hub") == identity
    assert model_identity(folder.rename(tmp_path / "moved")) == identity


def test_settings_weights_and_their_order_are_part_of_it(folder: Path, tmp_path: Path) -> None:
    weights = folder / "model.safetensors"
    seen = {model_identity(folder), model_identity(write_checkpoint(tmp_path / "larger", "500m"))}
    for name in ("config.json", "preprocessor_config.json"):
        (folder / name).write_bytes((folder / name).read_bytes() + b"\n")
        seen.add(model_identity(folder))
    status = weights.stat()
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    seen.add(model_identity(folder))
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns))
    content = weights.read_bytes()
    weights.write_bytes(content[:9] + b"Z" + content[10:])  # a letter of the header
    os.utime(weights, ns=(status.st_atime_ns, status.st_mtime_ns))
    seen.add(model_identity(folder))
    assert len(seen) == 6


def test_what_is_no_part_of_the_model_changes_nothing(folder: Path) -> None:
    identity = model_identity(folder)
    (folder / "README.md").write_text("A model card.")
    assert model_identity(folder) == identity


def test_a_folder_without_weights_is_one_sentence(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="there are no weights"):
        model_identity(folder)
