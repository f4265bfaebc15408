"""What was seen is kept on disk only where the user wants it, and goes when it is to go."""

import os
from pathlib import Path

import pytest

from app.remembering import SETTING, chosen_bytes, engine_options, forget_seen, seen_files, seen_folder
from app.settings import Settings, rows

GB = 2**30


def keep(*names: str) -> Path:
    folder = seen_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"12345")
    return folder


def test_nothing_is_kept_unless_it_is_wanted() -> None:
    assert (rows()[SETTING].default, chosen_bytes(), engine_options(chosen_bytes())) == (0, 0, {})
    assert engine_options(chosen_bytes(True)) == {"feature_folder": seen_folder(), "feature_disk_bytes": 2 * GB}


def test_the_settings_decide_and_a_wish_for_one_run_goes_before_them() -> None:
    Settings().put(SETTING, 512)
    assert (chosen_bytes(), chosen_bytes(True), chosen_bytes(False)) == (GB // 2, GB // 2, 0)


def test_it_lies_in_the_cache_folder() -> None:
    assert seen_folder() == Path(os.environ["SMOLSIGHT_CACHE"]) / "seen"


def test_forgetting_deletes_what_is_ours_with_what_a_killed_process_left() -> None:
    folder = keep("a.safetensors", "b.safetensors", ".partial-0")
    assert seen_files() == [5, 5]
    forget_seen()
    assert (folder.exists(), folder.parent.exists(), seen_files()) == (False, True, [])
    forget_seen()


def test_forgetting_leaves_what_is_not_ours(tmp_path: Path) -> None:
    folder = keep("a.safetensors", "letter.txt")
    forget_seen()
    assert [file.name for file in folder.iterdir()] == ["letter.txt"]


def test_forgetting_empties_the_folder_that_a_link_points_to_and_takes_the_link(tmp_path: Path) -> None:
    (tmp_path / "other disk").mkdir()
    seen_folder().parent.mkdir(parents=True)
    seen_folder().symlink_to(tmp_path / "other disk")
    keep("a.safetensors")
    forget_seen()
    assert (seen_folder().is_symlink(), list((tmp_path / "other disk").iterdir())) == (False, [])


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may delete everything")
def test_what_cannot_be_deleted_is_an_error_and_not_silence() -> None:
    folder = keep("a.safetensors")
    folder.chmod(0o500)
    try:
        with pytest.raises(OSError, match="denied"):
            forget_seen()
    finally:
        folder.chmod(0o700)
