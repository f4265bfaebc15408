"""The scene of the Folder section: pictures that ship with Smolsight, described, some of them reviewed and edited."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import assets
from app.desktop.folder.section import FolderSection
from app.desktop.window import MainWindow


def folder(window: MainWindow, files: Sequence[Path]) -> Iterator[Callable[[], bool]]:
    """The user's own folders, or those of the samples."""
    window.show_section("folder")
    section = window.section("folder")
    assert isinstance(section, FolderSection)
    yield lambda: window.services.models.sight is not None
    section.take(files or (assets.path("samples"), assets.path("check")))
    yield lambda: len(section.album) > 0
    section.describe(section.album.undescribed())
    yield lambda: not section.run.is_running
    if not files:
        section.album.edit(2, "A purple card that says “BP SUNDAY”, with a watch.")
        section.album.review((0, 1), True)
    section.grid.choose_row(3)
    yield lambda: section.loader.get(section.album.entries[-1].path) is not None
