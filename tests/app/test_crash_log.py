"""The log of crashes: found by its owner alone, bounded, and never a second failure."""

from pathlib import Path

import pytest

from app import crash_log


def crash() -> ValueError:
    try:
        raise ValueError("port 港 \udcff")
    except ValueError as error:
        return error


def test_tracebacks_are_added_for_the_owner_alone(own_log: Path) -> None:
    path = crash_log.keep_traceback(crash())
    assert path == crash_log.keep_traceback(crash()) == crash_log.log_file()
    assert path is not None and own_log in path.parents
    text = path.read_text(encoding="utf-8")
    assert text.count("ValueError: port 港 \\udcff") == 2
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_long_log_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash_log, "MAX_BYTES", 100)
    for _ in range(3):
        path = crash_log.keep_traceback(crash())
    assert path is not None
    assert path.read_text(encoding="utf-8").count("Traceback") == 1


def test_where_no_log_can_be_written_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(crash_log, "log_file", lambda: tmp_path / "file" / "log")
    assert crash_log.keep_traceback(crash()) is None
