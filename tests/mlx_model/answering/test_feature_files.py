"""Image tokens on disk: found again exactly, within the budget, and never the reason that anything fails."""

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mlx.core as mx
import pytest
from safetensors import safe_open

from mlx_model.answering import feature_files
from mlx_model.answering.feature_files import FeatureFiles

MODEL = "a" * 64


def features(seed: int = 0, dtype: mx.Dtype = mx.float32) -> mx.array:
    return mx.random.normal((2, 16, 8), key=mx.random.key(seed)).astype(dtype)


def held(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


@pytest.fixture
def files(tmp_path: Path) -> FeatureFiles:
    (tmp_path / "features").mkdir()
    return FeatureFiles(tmp_path / "features", 100_000, MODEL)


@pytest.mark.parametrize("dtype", [mx.float32, mx.float16, mx.bfloat16])
def test_what_was_kept_is_found_again_bit_for_bit(files: FeatureFiles, dtype: mx.Dtype) -> None:
    assert files.get("a boat") is None
    files.put("a boat", features(dtype=dtype))
    found = FeatureFiles(files.folder, 100_000, MODEL).get("a boat")
    assert found is not None and found.dtype == dtype
    assert mx.array_equal(found, features(dtype=dtype))
    assert files.get("a ship") is None


def test_another_model_finds_nothing(files: FeatureFiles) -> None:
    files.put("a boat", features())
    assert FeatureFiles(files.folder, 100_000, "b" * 64).get("a boat") is None


def test_the_files_are_safetensors_and_their_owners_alone(files: FeatureFiles) -> None:
    files.put("a boat", features())
    (path,) = files.folder.iterdir()
    with safe_open(path, framework="numpy") as reader:
        assert reader.get_slice("features").get_shape() == [2, 16, 8]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "boat" not in path.name


def test_what_was_unused_for_longest_goes_and_the_budget_holds(files: FeatureFiles) -> None:
    most = 0
    for number in range(200):
        files.put(str(number), features(number))
        assert files.get("0") is not None, "used again and again"
        most = max(most, held(files.folder))
    assert 80_000 < most <= 100_000
    assert files.get("199") is not None
    assert files.get("1") is None


def test_what_would_take_the_whole_budget_is_not_kept(tmp_path: Path) -> None:
    for budget in (0, 5_000):
        (tmp_path / str(budget)).mkdir()
        files = FeatureFiles(tmp_path / str(budget), budget, MODEL)
        files.put("a boat", features())
        assert list(files.folder.iterdir()) == []


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut off": lambda content: content[:-1],
    "too long": lambda content: content + b"\0",
    "one bit": lambda content: content[:-40] + bytes([content[-40] ^ 1]) + content[-39:],
    "noise": lambda content: b"\xff" * len(content),
    "another name": lambda content: content.replace(b'"features"', b'"teatures"'),
    "another type": lambda content: content.replace(b'"F32"', b'"I32"'),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_removed_and_not_believed(files: FeatureFiles, damage: Callable[[bytes], bytes]) -> None:
    files.put("a boat", features())
    (path,) = files.folder.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert files.get("a boat") is None
    assert not path.exists()
    files.put("a boat", features())
    assert files.get("a boat") is not None


def test_a_full_disk_costs_the_cache_alone(files: FeatureFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    files.put("a boat", features())
    monkeypatch.setattr("mlx_model.whole_file.os.fdopen", full)
    files.put("a ship", features())
    monkeypatch.undo()
    assert files.get("a ship") is None
    assert files.get("a boat") is not None
    assert [path.suffix for path in files.folder.iterdir()] == [".safetensors"]


def test_a_folder_that_cannot_be_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    files = FeatureFiles(tmp_path / "file" / "features", 100_000, MODEL)
    files.put("a boat", features())
    assert files.get("a boat") is None


def test_once_its_folder_is_deleted_nothing_more_is_kept(files: FeatureFiles) -> None:
    files.put("a boat", features())
    shutil.rmtree(files.folder)
    files.put("a ship", features())
    assert (files.get("a boat"), files.get("a ship"), files.folder.exists()) == (None, None, False)


def test_what_a_killed_process_left_goes_once_it_is_old(files: FeatureFiles) -> None:
    old, fresh = files.folder / ".partial-0", files.folder / ".partial-1"
    for path in (old, fresh):
        path.write_bytes(b"half")
    ago = time.time() - feature_files.LEFTOVER_SECONDS - 1
    os.utime(old, (ago, ago))
    files.put("a boat", features())
    assert (old.exists(), fresh.exists()) == (False, True)


SHARING = """
import sys
from pathlib import Path
import mlx_model
import mlx.core as mx
from mlx_model.answering.feature_files import FeatureFiles

def features(seed):
    return mx.random.normal((2, 16, 8), key=mx.random.key(seed))

mine, found = FeatureFiles(Path(sys.argv[1]), 60_000, "model"), 0
for number in range(300):
    mine.put(str(number % 30), features(number % 30))
    other = mine.get(str(number * 7 % 30))
    if other is not None:
        found += 1
        assert mx.array_equal(other, features(number * 7 % 30)), number
assert found > 100, found
"""


def test_processes_that_share_a_folder_find_whole_files_or_none(tmp_path: Path) -> None:
    """With a small budget, so that each removes what the others are about to read."""
    (tmp_path / "features").mkdir()
    command = [sys.executable, "-W", "error", "-c", SHARING, str(tmp_path / "features")]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    ended = [(process.communicate(timeout=100)[1], process.returncode) for process in running]
    assert ended == [("", 0)] * 3
    assert held(tmp_path / "features") <= 60_000 + 3 * 60_000 / 16
