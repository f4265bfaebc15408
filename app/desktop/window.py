"""The window: the source list at the left, the shown section with its tools at the right. Knows no section by name."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.desktop.section import Section
from app.desktop.sections import SECTIONS, SectionRow
from app.desktop.services import Services
from app.desktop.source_list import SourceList
from app.desktop.toolbar import SectionToolbar

SMALLEST = (900, 600)
FIRST_SIZE = (1180, 780)


class MainWindow(QMainWindow):
    """Makes a section when it is first shown. `first_painted` and `closed` come once.

    `setting_chosen` names a setting that has another value now.
    """

    section_shown = Signal(object)
    setting_chosen = Signal(str)
    first_painted = Signal()
    closed = Signal()

    def __init__(self, services: Services, state: QSettings, rows: Sequence[SectionRow] = SECTIONS) -> None:
        super().__init__()
        self.setWindowTitle("Smolsight")
        self.setMinimumSize(*SMALLEST)
        self.resize(*FIRST_SIZE)
        self.services, self._state, self._rows = services, state, rows
        self._sections: dict[str, Section] = {}
        self._is_painted = self._is_closed = False
        self.source_list = SourceList(rows)
        self.source_list.section_chosen.connect(self.show_section)
        self.toolbar = SectionToolbar(services.models)
        self._stack = QStackedWidget()
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        column.addWidget(self._stack, 1)
        column.addWidget(services.status)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.addWidget(self.source_list)
        self._splitter.addWidget(right)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setSizes([230, FIRST_SIZE[0] - 230])
        self._splitter.setHandleWidth(1)
        self.setCentralWidget(self._splitter)
        self._restore()

    @property
    def shown(self) -> Section | None:
        widget = self._stack.currentWidget()
        return widget if isinstance(widget, Section) else None

    def section(self, name: str) -> Section:
        """The section of that name, made now if it was not yet."""
        if name not in self._sections:
            row = next(row for row in self._rows if row.name == name)
            self._sections[name] = row.make(self.services)
            self._sections[name].section_wanted.connect(self.show_section)
            self._sections[name].files_wanted.connect(self._hand_to)
            self._stack.addWidget(self._sections[name])
            for splitter in _named_splitters(self._sections[name]):
                if isinstance(value := self._state.value(f"window/{splitter.objectName()}"), QByteArray):
                    splitter.restoreState(value)
        return self._sections[name]

    def show_section(self, name: str) -> None:
        section, before = self.section(name), self.shown
        self.source_list.show_section(name)
        if section is before and self.toolbar.is_for(section):
            return
        if before is not None and before is not section:
            before.leave()
        self._stack.setCurrentWidget(section)
        self.toolbar.show_tools_of(section)
        section.arrive()
        self.section_shown.emit(section)

    def take(self, paths: Sequence[Path]) -> None:
        """Hand files to the section that is shown, else to the first that takes them."""
        if not paths:
            return
        takers = chain([self.shown], (self.section(row.name) for row in self._rows))
        for section in takers:
            if section is not None and section.can_take(paths):
                self.show_section(section.name)
                section.take(paths)
                return

    def _hand_to(self, name: str, paths: list[Path]) -> None:
        self.show_section(name)
        self.section(name).take(paths)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._state.setValue("window/geometry", self.saveGeometry())
            self._state.setValue("window/splitter", self._splitter.saveState())
            # Out of sight first: threads may take a moment to end.
            self.hide()
            for section in self._sections.values():
                for splitter in _named_splitters(section):
                    self._state.setValue(f"window/{splitter.objectName()}", splitter.saveState())
                section.close_down()
            self.closed.emit()
            self.services.close()
            for timer in self.findChildren(QTimer):
                timer.stop()
        super().closeEvent(event)

    def _restore(self) -> None:
        for key, restore in (("geometry", self.restoreGeometry), ("splitter", self._splitter.restoreState)):
            if isinstance(value := self._state.value(f"window/{key}"), QByteArray):
                restore(value)


def _named_splitters(section: Section) -> list[QSplitter]:
    """Those whose place is remembered."""
    return [splitter for splitter in section.findChildren(QSplitter) if splitter.objectName()]
