"""The bundle's configuration says what the app needs, and `make bundle` says what it needs itself."""

import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from typing import Any

import pytest

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture
def app() -> dict[str, Any]:
    return PROJECT["tool"]["briefcase"]["app"]["smolsight"]


def name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return found[0].lower()


def test_it_holds_every_package_that_is_shipped(app: dict[str, Any]) -> None:
    assert app["sources"] == PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert PROJECT["tool"]["briefcase"]["version"] == PROJECT["project"]["version"]
    assert find_spec(app["startup_module"]) is not None


def test_it_requires_what_the_project_requires_on_a_mac(app: dict[str, Any]) -> None:
    on_a_mac = {name(entry) for entry in PROJECT["project"]["dependencies"] if "linux" not in entry}
    assert {name(entry) for entry in app["requires"]} == on_a_mac
    assert "pyside6-essentials>=6.9,<6.12" in app["requires"]


def test_it_is_for_apple_silicon_and_macos_15_and_may_ask_for_the_camera(app: dict[str, Any]) -> None:
    mac = app["macOS"]
    assert mac["universal_build"] is False
    assert mac["min_os_version"] == "15.0"
    assert mac["info"]["LSArchitecturePriority"] == ["arm64"]
    assert "camera" in mac["permission"]["camera"]
    assert mac["info"]["CFBundleDocumentTypes"][0]["LSItemContentTypes"] == ["public.image", "public.movie"]


def test_what_no_window_uses_is_cleaned_away(app: dict[str, Any]) -> None:
    paths = app["macOS"]["cleanup_paths"]
    assert any("qml" in path for path in paths) and any("Designer" in path for path in paths)
    for kept in ("QtCore", "QtGui", "QtWidgets", "QtSvg", "QtNetwork", "plugins"):
        assert not any(path.endswith((f"/{kept}", f"/{kept}*", f"{kept}*.framework")) for path in paths)


@pytest.mark.skipif(sys.platform == "darwin", reason="would build it")
def test_without_a_mac_make_bundle_says_so_in_a_sentence() -> None:
    done = subprocess.run([sys.executable, "-m", "tools.bundle"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "make bundle needs a Mac: Briefcase builds and signs a macOS app with Apple's own tools.\n"
