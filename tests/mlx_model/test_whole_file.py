"""Files that appear whole: the new content or the old, never a part, and nothing beside them."""

import os
import stat
from pathlib import Path

import pytest

from mlx_model.whole_file import whole_file


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with whole_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.txt", b"new")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_whoever_stops_in_the_middle_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(error), whole_file(path) as file:
        file.write(b"new")
        raise error
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.txt", b"old")]


def test_a_private_file_is_its_owners_alone_and_any_other_is_as_files_are(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        for name, private in (("private", True), ("plain", False)):
            with whole_file(tmp_path / name, private=private):
                pass
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("private", "plain")] == [0o600, 0o644]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with whole_file(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_bytes() == b"new"


def test_what_is_no_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/null")):
        with pytest.raises(OSError, match="no regular file"), whole_file(path):
            pass
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
