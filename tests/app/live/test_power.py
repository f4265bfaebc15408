"""On battery or not, as each system says it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.live import power


def supply(folder: Path, name: str, **says: str) -> None:
    (folder / name).mkdir(parents=True)
    for key, value in says.items():
        (folder / name / key).write_text(value + "\n")


@pytest.mark.skipif(sys.platform == "darwin", reason="reads Linux' files")
def test_linux_says_it_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "LINUX_SUPPLIES", tmp_path)
    assert not power.on_battery()
    supply(tmp_path, "mouse", type="Battery", scope="Device", status="Discharging")
    supply(tmp_path, "BAT0", type="Battery", status="Charging")
    assert not power.on_battery()
    (tmp_path / "BAT0" / "status").write_text("Discharging\n")
    assert power.on_battery()


@pytest.mark.parametrize(("source", "expected"), [("Battery Power", True), ("AC Power", False)])
def test_macos_says_it_by_pmset(source: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert command == ["pmset", "-g", "batt"]
        return subprocess.CompletedProcess(command, 0, f"Now drawing from '{source}'\n -InternalBattery-0\t80%;", "")

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(subprocess, "run", run)
    assert power.on_battery() is expected
