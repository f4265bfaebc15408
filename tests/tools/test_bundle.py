"""The bundle's configuration says what the app needs, and `make bundle` says what it needs itself."""

import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import ROOT
from tools import bundle

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture
def app() -> dict[str, Any]:
    return PROJECT["tool"]["briefcase"]["app"]["app"]


def test_it_holds_every_package_that_is_shipped_and_runs_the_one_it_is_named_after(app: dict[str, Any]) -> None:
    """Briefcase runs the `__main__` of the source that has the app's own name, and refuses where there is none."""
    assert app["sources"] == PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(PROJECT["tool"]["briefcase"]["app"]) <= set(app["sources"])
    assert find_spec("app.__main__") is not None


def test_version_licence_and_requirements_are_the_projects(app: dict[str, Any]) -> None:
    """Briefcase takes them from there, and refuses a licence that is told in both of its forms."""
    for told in (PROJECT["tool"]["briefcase"], app):
        assert not {"version", "license", "license-files", "requires"} & set(told)
    assert {"version", "license", "license-files", "dependencies"} <= set(PROJECT["project"])
    qt = [entry for entry in PROJECT["project"]["dependencies"] if "pyside" in entry.lower()]
    assert qt == ["pyside6-essentials>=6.9,<6.12"]


def test_its_icon_is_drawn_in_every_size(app: dict[str, Any], tmp_path: Path) -> None:
    assert (ROOT / app["icon"]).with_suffix(".icns") == bundle.ICON
    bundle.draw_icon(tmp_path / "smolsight.icns")
    with Image.open(tmp_path / "smolsight.icns") as icon:
        assert {(512, 512, 2), (16, 16, 2), (128, 128, 1)} <= set(icon.info["sizes"])


def test_its_program_is_the_python_that_works_in_processes_of_their_own(tmp_path: Path) -> None:
    """Else a conversion would open a second window: there is no other Python in the bundle."""
    program = tmp_path / "Smolsight"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m app "$@"\n')
    program.chmod(0o755)
    code = """
import math, multiprocessing.spawn, sys
from app.own_process import in_own_process
multiprocessing.spawn.set_executable(sys.argv[1])
print(in_own_process("Counting", math.factorial, 5))
"""
    done = subprocess.run([sys.executable, "-c", code, str(program)], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr, done.returncode) == ("120\n", "", 0)


def test_it_is_for_apple_silicon_and_macos_15_and_may_ask_for_the_camera(app: dict[str, Any]) -> None:
    mac = app["macOS"]
    assert mac["universal_build"] is False
    assert mac["min_os_version"] == "15.0"
    assert mac["info"]["LSArchitecturePriority"] == ["arm64"]
    assert "camera" in mac["permission"]["camera"]
    assert mac["info"]["LSMinimumSystemVersion"] == mac["min_os_version"]
    assert mac["info"]["CFBundleDocumentTypes"][0]["LSItemContentTypes"] == ["public.image", "public.movie"]


def test_what_no_window_uses_is_cleaned_away(app: dict[str, Any]) -> None:
    paths = app["macOS"]["cleanup_paths"]
    assert any("qml" in path for path in paths) and any("Designer" in path for path in paths)
    for kept in ("QtCore", "QtGui", "QtWidgets", "QtSvg", "QtNetwork", "plugins"):
        assert not any(path.endswith((f"/{kept}", f"/{kept}*", f"{kept}*.framework")) for path in paths)


def test_it_is_signed_ad_hoc_and_comes_as_a_disk_image() -> None:
    package = bundle.STEPS[-1]
    assert package[0] == "package" and "--adhoc-sign" in package
    assert package[package.index("--packaging-format") + 1] == "dmg"


@pytest.mark.skipif(sys.platform == "darwin", reason="would build it")
def test_without_a_mac_make_bundle_says_so_in_a_sentence() -> None:
    done = subprocess.run([sys.executable, "-m", "tools.bundle"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "make bundle needs a Mac: Briefcase builds and signs a macOS app with Apple's own tools.\n"
