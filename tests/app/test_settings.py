"""Settings: chosen values last, values that do not fit count as not chosen, damage is set aside."""

import json
from pathlib import Path

import pytest

from app.settings import Settings, rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def test_every_default_fits_its_row() -> None:
    assert [row.key for row in rows().values() if not row.fits(row.default)] == []


def test_what_was_chosen_is_there_at_the_next_start(path: Path) -> None:
    Settings(path).put("detail", "high")
    assert Settings(path)["detail"] == "high"


@pytest.mark.parametrize(("key", "value"), [("detail", "highest"), ("temperature", 9), ("history", 1), ("model", None)])
def test_a_value_that_does_not_fit_counts_as_not_chosen(path: Path, key: str, value: object) -> None:
    path.parent.mkdir()
    path.write_text(json.dumps({key: value}))
    assert Settings(path)[key] == rows()[key].default
    with pytest.raises(ValueError, match="cannot be"):
        Settings(path).put(key, value)


def test_what_another_version_wrote_stays_in_the_file(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"of a later version": 1}')
    Settings(path).put("temperature", 0.5)
    assert json.loads(path.read_text()) == {"of a later version": 1, "temperature": 0.5}


@pytest.mark.parametrize("content", ["{", "[]", "null"])
def test_a_damaged_file_is_set_aside_and_named(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    settings = Settings(path)
    aside = path.with_name("settings-damaged.json")
    assert str(aside) in settings.problem
    assert aside.read_text() == content
    assert settings["detail"] == "auto"


def test_defaults_come_back(path: Path) -> None:
    settings = Settings(path)
    settings.put("temperature", 0.5)
    settings.reset(["temperature"])
    assert Settings(path)["temperature"] == 0.0
