"""The Folder section: the pictures of some folders in a grid, a caption under each; above it what of them is shown."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QPoint, QTimer
from PySide6.QtGui import (
    QAction,
    QKeySequence,
    QPalette,
    QShortcut,
)
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QVBoxLayout, QWidget

from app.asking.tasks import tasks
from app.desktop import intake
from app.desktop.chat.detail_menu import DetailMenu
from app.desktop.chat.suggestions import TITLES
from app.desktop.choice_menu import ChoiceMenu
from app.desktop.folder.album_run import AlbumRun
from app.desktop.folder.caption_writer import CaptionWriter
from app.desktop.folder.empty_state import EmptyState
from app.desktop.folder.filter_bar import FilterBar
from app.desktop.folder.grid import Grid
from app.desktop.folder.grid_model import GridModel
from app.desktop.folder.keeper import ReviewKeeper
from app.desktop.folder.progress_line import ProgressLine
from app.desktop.folder.revising import Revising, captions
from app.desktop.folder.sources_bar import SourcesBar
from app.desktop.folder.thumbnail_loader import ThumbnailLoader
from app.desktop.section import Section
from app.desktop.services import Services
from app.desktop.theme.icons import give_icon
from app.folder.album import Album, Entry
from app.folder.reviews import Shown
from app.inputs.picture_files import Listing

FLUSH_MS = 60  # what has changed is drawn and kept together
TASKS = tuple((name, title, tasks()[name].help) for name, title in TITLES.items())
Role = QPalette.ColorRole


class FolderSection(Section):
    """Holds the parts and hands on what they say. One album is shown at a time; a run may still be about another."""

    name = "folder"
    title = "Folder"

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self.setAcceptDrops(True)
        self.shown = Shown(detail=services.settings["detail"])
        self.album = Album()
        self._task = self.shown.task  # the album's
        self._opening: int | None = None
        self._has_looked_back = False
        self.keeper = ReviewKeeper(services.reviews, self)
        self.loader = ThumbnailLoader(parent=self)
        self.run = AlbumRun(services, self)
        self.model = GridModel(self.loader)
        self.grid = Grid(self.model)
        self.empty, self.filters, self.progress = EmptyState(), FilterBar(), ProgressLine()
        self.sources = SourcesBar((self.filters.search, self.filters.more))
        self.revising = Revising(self.grid, self.model, self.filters, services.status, self._flush, self)
        self.details = DetailMenu(self, self.shown.detail)
        self.tasks = ChoiceMenu(self, "Task", "What is asked about each picture", "edit", TASKS, self.shown.task)
        self.writer = CaptionWriter(self.keeper, services.status, self._to_write, self)
        self.choose_action = self._tool("folder", "Open…", self.choose_folder, "Ctrl+Shift+O")
        self.toggle = self._tool("play", "Describe", self.describe_or_stop, "Ctrl+Return")
        self._flushing = QTimer(self)
        self._flushing.setSingleShot(True)
        self._lay_out()
        self._connect()
        self._show_album(self.album)
        self._show_state()

    def tools(self) -> Sequence[QAction]:
        return (self.choose_action, self.toggle, self.writer.action)

    def choices(self) -> Sequence[QAction]:
        return (self.tasks.action, self.details.action)

    def can_take(self, paths: Sequence[Path]) -> bool:
        return len(paths) > intake.MOST_AT_ONCE or any(path.is_dir() for path in paths)

    def take(self, paths: Sequence[Path]) -> None:
        """Show the pictures of these folders, and these files."""
        self._has_looked_back = True
        self.open(replace(self.shown, sources=tuple(path.absolute() for path in paths)))

    def takes_drop(self, mime: QMimeData) -> bool:
        return bool(intake.files(mime))

    def light_up(self, on: bool) -> None:
        self.empty.light_up(on)

    def take_drop(self, mime: QMimeData) -> None:
        self.take(intake.files(mime))

    def arrive(self) -> None:
        if not self._has_looked_back:
            self._has_looked_back = True
            self.keeper.last_shown(self._look_back)
        (self.grid if self.shown.sources else self.empty.choose).setFocus()

    def close_down(self) -> None:
        self.revising.slices.finish()
        self._flushing.stop()
        self._flush()
        self.run.close()
        self.loader.close()
        self.keeper.close()

    def open(self, shown: Shown) -> None:
        """Show these pictures with what is known of them; a run about others goes on."""
        self.revising.slices.finish()
        self._flush()
        self.shown = shown
        self.details.show_chosen(shown.detail)
        self.tasks.show_chosen(shown.task)
        self.sources.show_sources(shown.sources, recursive=shown.recursive)
        if self._opening is not None:
            self.keeper.forget(self._opening)
        self._opening = self.keeper.open(shown, self._opened)

    def choose_folder(self) -> None:
        start = str(self.shown.sources[0]) if self.shown.sources else ""
        if name := QFileDialog.getExistingDirectory(self, "Choose a folder of pictures", start):
            self.take([Path(name)])

    def describe_or_stop(self) -> None:
        if self.run.is_running:
            self.run.stop()
        else:
            self.describe(self.album.undescribed())

    def describe(self, places: Sequence[int], *, again: bool = False) -> None:
        """Ask the model about these pictures."""
        say = self._services.status.say
        if self.run.is_running:
            say("Pictures are being described: stop that first.")
        elif not self.shown.sources:
            self.choose_folder()
        elif self._opening is not None:
            say("The folder is still being listed.")
        else:
            self.run.describe(self.album, places, self.shown, again=again)

    def describe_again(self) -> None:
        if chosen := self.grid.chosen:
            before = {place: self.album.entries[place] for place in chosen if self.album.entries[place].edited}
            self.describe(chosen, again=True)
            if before and self.run.is_running:
                self.revising.offer_undo(f"{captions(len(before))} that you edited will be replaced.", before)

    def _lay_out(self) -> None:
        page = QWidget()
        page.setAutoFillBackground(True)
        page.setBackgroundRole(Role.Window)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.sources, self.filters):
            column.addWidget(widget)
        column.addWidget(self.grid, 1)
        column.addWidget(self.progress)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)

    def _connect(self) -> None:
        self._flushing.timeout.connect(self._flush)
        self.empty.choose_wanted.connect(self.choose_folder)
        self.sources.changed.connect(self._choose_recursive)
        self.details.chosen.connect(self._choose_detail)
        self.tasks.chosen.connect(lambda: self.open(replace(self.shown, task=self.tasks.value)))
        self.filters.changed.connect(self._filter)
        self.filters.replace_wanted.connect(self.revising.replace_words)
        self.model.edited.connect(self.revising.edit)
        self.grid.review_wanted.connect(self.revising.review)
        self.grid.menu_wanted.connect(self._show_menu)
        self.grid.selectionModel().selectionChanged.connect(self._show_chosen)
        self.progress.review.clicked.connect(self.revising.review)
        self.progress.again.clicked.connect(self.describe_again)
        self.revising.edited.connect(self._soon)
        self.revising.again_wanted.connect(self.describe_again)
        self.revising.chat_wanted.connect(lambda path: self.files_wanted.emit("chat", [path]))
        self.run.arrived.connect(self._keep_and_draw)
        self.run.progressed.connect(self._show_state)
        self.run.over.connect(self._run_over)
        self.writer.written.connect(self._mark_written)
        self.keeper.noted.connect(self._services.status.say)
        for keys, wanted in (
            ("Ctrl+Shift+F", self.filters.search.setFocus),
            ("Ctrl+Shift+R", self.describe_again),
            ("Ctrl+Shift+C", self.revising.copy),
        ):
            QShortcut(QKeySequence(keys), self.grid, wanted)

    def _look_back(self, shown: Shown) -> None:
        """What was shown when the window was closed, if it is still there."""
        there = tuple(path for path in shown.sources if path.exists())
        if there and not self.shown.sources:
            self.open(replace(shown, sources=there))

    def _opened(self, opened: tuple[Album, Listing]) -> None:
        fresh, listing = opened
        self._opening = None
        said = [f"{path.name} {reason.partition(';')[0]}." for path, reason in listing.failed]
        if listing.clips:
            said.append(f"{listing.clips:,} clips are left out: open them in the chat.")
        if said:
            self._services.status.say(" ".join(said))
        self._task = self.shown.task
        self._show_album(self.run.album if self.run.goes_on_with(fresh, self._task) else fresh)

    def _show_album(self, album: Album) -> None:
        self.album = self.revising.album = album
        self.model.show_album(album)
        self._stack.setCurrentIndex(1 if self.shown.sources and len(album) else 0)
        self._show_counts()
        if len(album):
            self.grid.choose_row(0)

    def _keep_and_draw(self) -> None:
        """What a run brought: at once into the reviews when it is of an album that is no longer shown."""
        if self.run.album is not self.album:
            self.keeper.keep(self.run.task, self.run.album.take_unkept())
        self._soon()

    def _run_over(self) -> None:
        self._flush()
        self._show_state()

    def _mark_written(self, texts: dict[Path, str]) -> None:
        self.album.mark_written(texts)
        self._soon()

    def _soon(self) -> None:
        if not self._flushing.isActive():
            self._flushing.start(FLUSH_MS)

    def _flush(self) -> None:
        """Draw and keep what has changed."""
        self.keeper.keep(self._task, self.album.take_unkept())
        if changed := self.album.take_changed():
            self.model.refresh(changed)
            self._show_counts()

    def _filter(self) -> None:
        self.model.show_only(self.filters.kind, self.filters.words)
        self._show_counts()

    def _choose_recursive(self) -> None:
        self.open(replace(self.shown, recursive=self.sources.recursive.isChecked()))

    def _choose_detail(self) -> None:
        self.shown = replace(self.shown, detail=self.details.detail)
        self.keeper.remember(self.shown)

    def _to_write(self) -> tuple[Sequence[Entry], Sequence[Path]]:
        entries = self.album.entries
        return [entries[place] for place in self.model.places], [entry.path for entry in entries]

    def _show_menu(self, where: QPoint) -> None:
        if self.grid.chosen:
            self.revising.menu().popup(where)

    def _show_counts(self) -> None:
        self.filters.show_counts(self.album.counts)
        self._show_state()

    def _show_state(self) -> None:
        runs = self.run.is_running
        title = "Stop" if runs else "Describe"
        if self.toggle.text() != title:
            self.toggle.setText(title)
            give_icon(self.toggle, "stop" if runs else "play")
        self.toggle.setToolTip(
            "Stop; what was described is kept" if runs else "Describe every picture that has no caption yet"
        )
        self.writer.action.setEnabled(bool(self.album.described))
        self.progress.show_state(self.album, self.run, len(self.model.places))
        self._show_chosen()

    def _show_chosen(self) -> None:
        has_chosen = self.grid.selectionModel().hasSelection()
        self.progress.review.setEnabled(has_chosen)
        self.progress.again.setEnabled(has_chosen and not self.run.is_running)

    def _tool(self, name: str, title: str, wanted: Callable[[], Any], keys: str) -> QAction:
        action = QAction(title, self)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda: wanted())
        give_icon(action, name)
        return action
