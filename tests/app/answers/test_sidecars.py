"""Which text file belongs to which picture."""

from pathlib import Path

import pytest

from app.answers.sidecars import Sidecars, write_sidecar


def sidecars(folder: Path, *names: str) -> dict[str, str]:
    files = [folder / name for name in names]
    for file in files:
        file.write_bytes(b"x")
    found = Sidecars(files)
    return {file.name: found.of(file).name for file in files}


@pytest.mark.parametrize(
    "expected",
    [
        {"a.png": "a.txt", "b.jpg": "b.txt"},
        {"a.png": "a.png.txt", "a.jpg": "a.jpg.txt", "b.png": "b.txt"},
        {"a.png": "a.png.txt", "A.jpg": "A.jpg.txt"},
        {"a.b.png": "a.b.txt", "a.png": "a.txt"},
        {"a.png": "a.txt", "a.png.png": "a.png.png.txt"},
        {"a.png": "a.png.txt", "a.jpg": "a.jpg.txt", "a.png.png": "a.png.png.txt"},
        {"a.heic": "a.heic.txt", "a.mov": "a.mov.txt"},
    ],
)
def test_each_picture_has_a_name_of_its_own(tmp_path: Path, expected: dict[str, str]) -> None:
    assert sidecars(tmp_path, *expected) == expected


def test_a_name_does_not_depend_on_what_else_is_asked_about(tmp_path: Path) -> None:
    both = sidecars(tmp_path, "a.png", "a.jpg")
    assert Sidecars([tmp_path / "a.png"]).of(tmp_path / "a.png").name == both["a.png"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sidecar = tmp_path / "a.txt"
    write_sidecar(sidecar, "Before.")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_sidecar(sidecar, "After.")
    assert sidecar.read_text() == "Before.\n"
    assert list(tmp_path.iterdir()) == [sidecar]
