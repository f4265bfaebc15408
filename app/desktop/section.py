"""What the window knows of a section: a widget with tools of its own that may take files."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QWidget


class Section(QWidget):
    """One of the rows of the source list. Subclasses fill in what they have.

    `section_wanted`: the user goes on in the section of that name; `files_wanted`: there, with these files.
    """

    section_wanted = Signal(str)
    files_wanted = Signal(str, list)

    name = ""
    title = ""

    def tools(self) -> Sequence[QAction]:
        """What the toolbar shows at its left while this section is shown."""
        return ()

    def choices(self) -> Sequence[QAction]:
        """What the toolbar shows at its right, beside the model: each with a menu."""
        return ()

    def can_take(self, paths: Sequence[Path]) -> bool:
        """Whether files that are opened or dropped on the window are for this section."""
        return False

    def take(self, paths: Sequence[Path]) -> None:
        """Open these files."""

    def arrive(self) -> None:
        """The section is shown from now on."""

    def leave(self) -> None:
        """Another section is shown from now on."""

    def close_down(self) -> None:
        """The window closes: end timers, keep what is to be kept."""

    def takes_drop(self, mime: QMimeData) -> bool:
        """Whether something that is held over the section may be dropped on it; it says `setAcceptDrops` first."""
        return False

    def light_up(self, on: bool) -> None:
        """Something is held over the section that may be dropped, or is no more."""

    def take_drop(self, mime: QMimeData) -> None:
        """Open what was dropped."""

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.takes_drop(event.mimeData()):
            event.acceptProposedAction()
            self.light_up(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.light_up(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.light_up(False)
        event.acceptProposedAction()
        self.take_drop(event.mimeData())
