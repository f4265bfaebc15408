"""Where a window keeps what it remembers: the user's own folders, or others for tests and screenshots."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSettings


@dataclass(frozen=True)
class Place:
    """`state` has sizes and splitters, `settings` what was chosen, `history` what was talked about.

    `reviews` has what became of captions in the Folder section.
    """

    state: QSettings
    settings: Path
    history: Path
    reviews: Path


def users_place() -> Place:
    import platformdirs

    from app.settings import settings_file

    data = platformdirs.user_data_path("smolsight", appauthor=False)
    return Place(QSettings(), settings_file(), data / "history", data / "reviews.sqlite3")


def place_in(folder: Path) -> Place:
    """Everything in one folder."""
    state = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    return Place(state, folder / "settings.json", folder / "history", folder / "reviews.sqlite3")
