"""The log of crashes belongs to the test, not to the developer."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_log(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder under which platformdirs looks for a place for logs, in child processes too."""
    home = tmp_path_factory.mktemp("logs")
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    monkeypatch.setenv("HOME", str(home))
    return home
