"""The output folder appears whole or not at all, whatever stops the one who fills it."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from convert.output_folder import check_apart, check_output, new_folder
from mlx_model.errors import ConversionError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_folder_is_not_there_until_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "model"

    with new_folder(out) as folder:
        (folder / "config.json").write_text("{}")
        assert not out.exists()

    assert names(out) == ["config.json"]
    assert names(out.parent) == ["model"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(1)])
def test_whatever_stops_the_filling_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), new_folder(tmp_path / "model") as folder:
        (folder / "config.json").write_text("{}")
        raise error

    assert names(tmp_path) == []


def test_a_full_disk_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=f"The disk of {tmp_path} is full"), new_folder(tmp_path / "model"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert names(tmp_path) == []


def test_a_place_that_cannot_be_written_to_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConversionError, match="could not be written"), new_folder(tmp_path / "file" / "model"):
        raise AssertionError("never entered")


def test_an_older_folder_is_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "model"
    out.mkdir()
    (out / "old.json").write_text("{}")

    with new_folder(out) as folder:
        (folder / "config.json").write_text("{}")
        assert names(out) == ["old.json"]

    assert names(out) == ["config.json"]
    assert names(tmp_path) == ["model"]


def test_a_link_to_an_older_folder_goes_on_pointing_at_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "model")

    with new_folder(tmp_path / "link") as folder:
        (folder / "config.json").write_text("{}")

    assert names(tmp_path) == ["link", "model"]
    assert names(tmp_path / "link") == ["config.json"]


def test_a_failed_replacement_keeps_the_older_folder(tmp_path: Path) -> None:
    out = tmp_path / "model"
    out.mkdir()
    (out / "old.json").write_text("{}")

    with pytest.raises(ValueError), new_folder(out):
        raise ValueError

    assert names(out) == ["old.json"]
    assert names(tmp_path) == ["model"]


def test_what_a_killed_process_left_is_removed_by_the_next_run(tmp_path: Path, root: Path) -> None:
    out = tmp_path / "model"
    code = (
        "import os, sys; from pathlib import Path; from convert.output_folder import new_folder\n"
        "with new_folder(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'config.json').write_text('{}'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(out)], cwd=root, check=False)
    assert len(names(tmp_path)) == 1 and names(tmp_path)[0].startswith(".model.partial-")

    with new_folder(out):
        pass

    assert names(tmp_path) == ["model"]


def test_what_another_process_is_filling_is_left_alone(tmp_path: Path) -> None:
    with new_folder(tmp_path / "model") as first:
        with new_folder(tmp_path / "model") as second:
            (second / "config.json").write_text("{}")
        assert first.exists()


def test_an_older_folder_that_was_only_put_aside_comes_back(tmp_path: Path) -> None:
    aside = tmp_path / ".model.replaced-0000"
    aside.mkdir()
    (aside / "old.json").write_text("{}")

    with pytest.raises(ValueError), new_folder(tmp_path / "model"):
        raise ValueError

    assert names(tmp_path) == ["model"]
    assert names(tmp_path / "model") == ["old.json"]


def test_an_older_folder_put_aside_is_removed_where_the_new_one_stands(tmp_path: Path) -> None:
    (tmp_path / ".model.replaced-0000").mkdir()
    (tmp_path / "model").mkdir()

    with new_folder(tmp_path / "model"):
        pass

    assert names(tmp_path) == ["model"]


def test_a_name_with_wildcards_clears_only_its_own_leftovers(tmp_path: Path) -> None:
    (tmp_path / ".a1.partial-0000").mkdir()

    with new_folder(tmp_path / "a[1]"):
        pass

    assert names(tmp_path) == [".a1.partial-0000", "a[1]"]


def test_an_existing_folder_needs_force(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")

    with pytest.raises(ConversionError, match="--force"):
        check_output(tmp_path, force=False)
    check_output(tmp_path, force=True)


def test_force_does_not_replace_what_is_no_model_folder(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "thesis").mkdir()

    with pytest.raises(ConversionError, match="is no model folder"):
        check_output(tmp_path, force=True)


def test_force_takes_an_empty_folder(tmp_path: Path) -> None:
    check_output(tmp_path, force=True)


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "model"
    file.write_text("")

    with pytest.raises(ConversionError, match="is a file"):
        check_output(file, force=True)


def test_a_folder_inside_a_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("")

    with pytest.raises(ConversionError, match=f"{file} is a file, so .*deep/model cannot be in it.*--out"):
        check_output(file / "deep" / "model", force=False)


@pytest.mark.parametrize(("out", "source"), [("a", "a"), ("a/b", "a"), ("a", "a/b"), ("a/../a", "a"), ("link", "a")])
def test_output_and_source_may_not_lie_in_each_other(tmp_path: Path, out: str, source: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")

    with pytest.raises(ConversionError, match="inside each other"):
        check_apart(tmp_path / out, tmp_path / source)


def test_output_beside_the_source_is_fine(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    check_apart(tmp_path / "a-4bit", tmp_path / "a")
