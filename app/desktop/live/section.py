"""The Live section: what is watched, its caption and the log; at the right what to watch and how."""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QAction, QPalette, QScreen
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app.camera import Cameras, SystemCameras
from app.desktop.announce import announce
from app.desktop.background import Background
from app.desktop.capture.permission import ask_for_camera
from app.desktop.capture.preview import Preview
from app.desktop.capture.region import RegionChooser
from app.desktop.capture.screen import DENIED, UNSEEN, grab, may_see_screen
from app.desktop.live.caption import Caption, plain_label
from app.desktop.live.log_view import LogModel, LogView
from app.desktop.live.notifier import Notifier
from app.desktop.live.panel import Panel
from app.desktop.live.session import Session, State
from app.desktop.live.watcher import Watcher
from app.desktop.section import Section
from app.desktop.services import Services
from app.desktop.theme.icons import give_icon
from app.live.log import Entry

EXPORTS = "SubRip subtitles (*.srt);;WebVTT subtitles (*.vtt);;JSON lines (*.jsonl);;Markdown (*.md)"
NOTHING_YET = "Choose a source at the right and press Start. A caption comes whenever what is seen changes."
Role = QPalette.ColorRole


class LiveSection(Section):
    """Holds the parts and hands on what they say."""

    name = "live"
    title = "Live"

    def __init__(self, services: Services, cameras: Cameras | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services, self._cameras = services, cameras or SystemCameras()
        self._background = Background("live", self)
        self._region: tuple[QScreen, QRect] | None = None
        self._chooser: RegionChooser | None = None
        self._shown = self._has_listed = False
        self.watcher = Watcher(services)
        self.session = Session(self.watcher, self._cameras, self._background, self)
        self.notifier = Notifier(services.status, self)
        self.preview, self.panel = Preview("What is watched", "live"), Panel(self.watcher.question)
        self.log = LogModel(self.watcher.log)
        self.log_view = LogView(self.log)
        self.caption, self._facts = Caption(), plain_label("Figures", 0.9)
        self._facts.setForegroundRole(Role.PlaceholderText)
        self.toggle = self._tool("live", "Start", self.start_or_stop)
        self.toggle.setShortcut("Ctrl+L")
        self.export_action = self._tool("download", "Export…", self.choose_export)
        self.clear_action = self._tool("trash", "Clear", self.clear)
        self._lay_out()
        self._connect()
        self._show_state()
        self._show_log()

    def tools(self) -> Sequence[QAction]:
        return (self.toggle, self.export_action, self.clear_action)

    def arrive(self) -> None:
        self._shown = True
        if not self._has_listed:
            self.list_cameras()
        self._rest()

    def leave(self) -> None:
        self._shown = False
        self._rest()

    def close_down(self) -> None:
        if self._chooser is not None:
            self._chooser.close()
        self.session.close()
        self.notifier.hide()
        self._background.close()

    def start_or_stop(self) -> None:
        if self.session.state is State.OFF:
            self.start()
        else:
            self.session.stop()

    def start(self) -> None:
        """Watch the chosen source; for the screen choose a part of it first."""
        device, size = self.panel.device, self.panel.camera_size
        if device is not None:
            ask_for_camera(
                self._cameras, device, size, self, lambda: self.session.start((device, size)), self._services.status.say
            )
        elif self._region is None:
            self.choose_region()
        else:
            self.session.start(self._region)

    def choose_region(self) -> None:
        screen = self.screen()
        if not may_see_screen():
            self._services.status.say(DENIED)
            return
        if (picture := grab(screen)).isNull():
            self._services.status.say(UNSEEN)
            return
        self._chooser = RegionChooser(screen, picture)
        self._chooser.chosen.connect(self.watch_region)
        self._chooser.destroyed.connect(self._forget_chooser)
        self._chooser.show()
        self._chooser.activateWindow()

    def watch_region(self, screen: QScreen, area: QRect) -> None:
        self._region = (screen, area)
        self.session.start(self._region)

    def list_cameras(self) -> None:
        self._has_listed = True
        self._background.run(self._cameras.list, self.panel.show_cameras)

    def choose_export(self) -> None:
        began = datetime.fromtimestamp(time.time()).strftime("%Y-%m-%d %H.%M")
        name, kind = QFileDialog.getSaveFileName(self, "Export the log", f"Live {began}.srt", EXPORTS)
        if name:
            path = Path(name)
            self.export(path if path.suffix else path.with_suffix(kind.rpartition("*")[2].rstrip(")")))

    def export(self, path: Path) -> None:
        """Write the log to a file of the kind that its ending says."""
        try:
            self.watcher.log.export(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self._services.status.say(f"The log could not be written to {path.name}: {reason}")
        else:
            self._services.status.say(f"The log was written to {path}.")

    def clear(self) -> None:
        self.log.clear()
        self.watcher.stop()
        self._show_log()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.WindowStateChange, QEvent.Type.Hide, QEvent.Type.Show):
            self._rest()
        return False

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self.window().removeEventFilter(self)
        self.window().installEventFilter(self)

    def _rest(self) -> None:
        window = self.window()
        self.session.rest(not self._shown or window.isMinimized() or not window.isVisible())

    def _lay_out(self) -> None:
        words = self._words = QWidget()
        words.setAutoFillBackground(True)
        words.setBackgroundRole(Role.Base)
        inside = QVBoxLayout(words)
        inside.setContentsMargins(16, 10, 16, 10)
        inside.setSpacing(3)
        inside.addWidget(self.caption)
        inside.addWidget(self._facts)
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.preview, 1)
        column.addWidget(words)
        left = QSplitter(Qt.Orientation.Vertical)
        left.addWidget(top)
        left.addWidget(self.log_view)
        left.setChildrenCollapsible(False)
        left.setHandleWidth(1)
        left.setObjectName("live_log")
        left.setSizes([440, 220])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(left, 1)
        row.addWidget(_line())
        row.addWidget(self.panel)

    def _connect(self) -> None:
        self.session.frame_came.connect(self.preview.show_frame)
        self.session.lost.connect(self._lose)
        self.session.state_changed.connect(self._show_state)
        self.session.ticked.connect(self._show_facts)
        self.watcher.said.connect(self.caption.say)
        self.watcher.logged.connect(self._log)
        self.watcher.told.connect(self.notifier.tell)
        self.watcher.failed.connect(self._fail)
        self.panel.source_changed.connect(self._change_source)
        self.panel.cameras_wanted.connect(self.list_cameras)
        self.panel.region_wanted.connect(self.choose_region)
        self.panel.question_changed.connect(self.watcher.ask)
        self.panel.threshold_changed.connect(self._choose_threshold)
        self.panel.wishes.added.connect(self.watcher.add_trigger)
        self.panel.wishes.removed.connect(self.watcher.triggers.pop)

    def _choose_threshold(self, threshold: float) -> None:
        self.watcher.detector.threshold = threshold

    def _change_source(self) -> None:
        if self.session.state is not State.OFF:
            self.session.stop()
            self.start()

    def _forget_chooser(self) -> None:
        self._chooser = None

    def _log(self, entry: Entry) -> None:
        self.log.add(entry)
        if entry.kind == "caption":
            announce(self.caption.words, entry.text)
        self._show_log()
        self._show_facts()

    def _lose(self, sentence: str) -> None:
        self.preview.say("No picture at the moment", sentence)
        self._services.status.say(sentence)

    def _fail(self, sentence: str) -> None:
        self.session.stop()
        self._services.status.say(sentence)

    def _show_state(self) -> None:
        state = self.session.state
        title = "Start" if state is State.OFF else "Stop"
        self.toggle.setText(title)
        self.toggle.setToolTip(f"{title} watching (Ctrl+L)")
        give_icon(self.toggle, "live" if state is State.OFF else "stop")
        if state is State.OFF:
            self.preview.say("Nothing is watched", NOTHING_YET)
            self.caption.say("")
        elif state is State.WAITING:
            self.preview.say("One moment", "Waiting for the first picture.")
        elif state is State.RESTING:
            self.preview.say("Resting", "Live goes on when this section is shown.")
        self._show_facts()

    def _show_facts(self) -> None:
        now, watcher = time.monotonic(), self.watcher
        parts = []
        if self.session.state is State.WATCHING:
            parts.append(f"{watcher.frames.per_second(now):.0f} frames/s")
            if captions := watcher.captions.per_second(now):
                parts.append(f"{captions:.1f} captions/s")
            if watcher.latency is not None:
                parts.append(f"caption {watcher.latency:.1f} s after the frame")
            if watcher.unchanged:
                parts.append(f"{watcher.unchanged:,} unchanged")
            if watcher.saves_power:
                parts.append("on battery: a look every 5 s")
        self._facts.setText(" · ".join(parts))
        self._words.setVisible(self.session.state is not State.OFF)

    def _show_log(self) -> None:
        has_entries = bool(self.watcher.log.entries)
        self.export_action.setEnabled(has_entries)
        self.clear_action.setEnabled(has_entries)
        self.log_view.setVisible(has_entries)

    def _tool(self, name: str, title: str, wanted: object) -> QAction:
        action = QAction(title, self)
        action.triggered.connect(wanted)
        give_icon(action, name)
        return action


def _line() -> QWidget:
    line = QWidget()
    line.setFixedWidth(1)
    line.setAutoFillBackground(True)
    line.setBackgroundRole(Role.Mid)
    return line
