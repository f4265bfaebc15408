"""Small random checkpoints, loaded once: nothing that a test does to them stays."""

from dataclasses import replace
from pathlib import Path

import pytest

import mlx_model
from mlx_model.loading.checkpoint import Checkpoint
from tests.checkpoints import write_checkpoint
from tests.mlx_model.asking import Spoken


@pytest.fixture(scope="session")
def seeing_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small SmolVLM in the hub's form. Not to be written to."""
    return write_checkpoint(tmp_path_factory.mktemp("seeing"), "256m")


@pytest.fixture(scope="session")
def seeing(seeing_folder: Path) -> Checkpoint:
    """A small SmolVLM: tiles of 64 pixels, 16 image tokens each, four along the long edge."""
    return mlx_model.load(seeing_folder)


@pytest.fixture(scope="session")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A small SmolLM2: words alone."""
    return mlx_model.load(write_checkpoint(tmp_path_factory.mktemp("reading"), "smollm2"))


@pytest.fixture
def endless(seeing: Checkpoint) -> Checkpoint:
    """The small SmolVLM, but nothing that it draws ends its answer."""
    return replace(seeing, stop_ids=frozenset())


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> Spoken:
    return Spoken(monkeypatch)
