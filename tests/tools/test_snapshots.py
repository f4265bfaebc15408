"""Pictures out of photographs come out as asked, the same from the same seed, and a folder without any is told."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.embedded.world.snapshots import Snapshots


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    """One photograph and one stamp, both of noise."""
    noise = np.random.default_rng(0)
    Image.fromarray(noise.integers(0, 256, (60, 90, 3), dtype=np.uint8)).save(tmp_path / "photograph.jpg")
    Image.fromarray(noise.integers(0, 256, (50, 30, 4), dtype=np.uint8)).save(tmp_path / "stamp.png")
    return Snapshots(tmp_path)


@pytest.mark.parametrize("size", [(128, 128), (200, 96), (70, 310)])
def test_pictures_have_the_size_asked_for(snapshots: Snapshots, size: tuple[int, int]) -> None:
    for seed in range(30):
        picture = snapshots.paint(np.random.default_rng(seed), *size)
        assert picture.size == size and picture.mode == "RGB"


def test_a_seed_always_paints_the_same(snapshots: Snapshots) -> None:
    once, again = (
        [snapshots.paint(np.random.default_rng(seed), 64, 64).tobytes() for seed in range(20)] for _ in range(2)
    )
    assert once == again
    assert len(set(once)) == 20


def test_an_empty_folder_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=tmp_path.name):
        Snapshots(tmp_path)
