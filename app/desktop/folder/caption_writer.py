"""Writing captions from the window: the menu for it, the dialog that names a file, and what is said of the result."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from app.desktop.folder.keeper import ReviewKeeper
from app.desktop.status_line import StatusLine
from app.desktop.theme.icons import give_icon
from app.folder.album import Entry
from app.folder.writing import Written, write_lines, write_sidecars

KINDS = {"jsonl": "JSON lines (*.jsonl)", "csv": "CSV (*.csv)"}


class CaptionWriter(QMenu):
    """Writes what `shown` gives: the entries to write, and all files. `written` brings captions by picture."""

    written = Signal(object)

    def __init__(
        self,
        keeper: ReviewKeeper,
        status: StatusLine,
        shown: Callable[[], tuple[Sequence[Entry], Sequence[Path]]],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._keeper, self._status, self._shown = keeper, status, shown
        self.setToolTipsVisible(True)
        self.beside = self.addAction("Text files beside the pictures")
        self.beside.setToolTip("a.txt for a.png; texts that somebody else wrote are left alone")
        self.beside.triggered.connect(lambda: self.write_beside())
        self.addSeparator()
        for kind, title in KINDS.items():
            action = self.addAction(f"One file, {title.partition(' (')[0]}…")
            action.triggered.connect(partial(self.choose_file, kind))
        self.action = QAction("Write ▾", parent)
        self.action.setMenu(self)
        self.action.setToolTip("Write the captions that the filter shows")
        give_icon(self.action, "download")
        self.aboutToShow.connect(self._count)

    def write_beside(self, *, overwrite: bool = False) -> None:
        entries, files = self._shown()
        self._keeper.run(
            partial(write_sidecars, list(entries), list(files), overwrite=overwrite), self._tell_beside, self._fail
        )

    def choose_file(self, kind: str) -> None:
        entries, _ = self._shown()
        folder = entries[0].path.parent if entries else Path.home()
        name, _ = QFileDialog.getSaveFileName(
            self.parentWidget(), "Write the captions", str(folder / f"captions.{kind}"), KINDS[kind]
        )
        if name:
            path = Path(name)
            self.write_to(path if path.suffix else path.with_suffix(f".{kind}"))

    def write_to(self, path: Path) -> None:
        """One file of the kind that its ending says."""
        entries, _ = self._shown()
        self._keeper.run(partial(write_lines, list(entries), path), partial(self._tell_file, path), self._fail)

    def _count(self) -> None:
        count = sum(entry.has_caption for entry in self._shown()[0])
        self.beside.setText(f"Text files beside the pictures ({count:,})")
        self.beside.setEnabled(bool(count))

    def _tell_beside(self, written: Written) -> None:
        self.written.emit(written.texts)
        said = [f"{_counted(len(written.texts), 'text file')} written beside the pictures."]
        if written.failed:
            said.append(f"{len(written.failed):,} failed: {written.failed[0]}")
        if written.left:
            said.append(f"{_counted(len(written.left), 'text file')} with other words left alone.")
            self._status.say(" ".join(said), "Replace them", partial(self.write_beside, overwrite=True))
        else:
            self._status.say(" ".join(said))

    def _tell_file(self, path: Path, lines: int) -> None:
        self._status.say(f"{_counted(lines, 'line')} written to {path}.")

    def _fail(self, error: Exception) -> None:
        self._status.say(f"The captions could not be written: {error}")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
