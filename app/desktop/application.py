"""The application: one process, one window, one engine, and the ways in which files come from outside.

Knows what there is and who gets what; everything else is in the parts.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSettings, QTimer, Signal
from PySide6.QtGui import QFileOpenEvent, QIcon
from PySide6.QtWidgets import QApplication

import assets
from app.desktop.background import Background
from app.desktop.engine_bridge import EngineBridge
from app.desktop.menus import build_menus
from app.desktop.model_choice import ModelChoice
from app.desktop.services import Services
from app.desktop.single_instance import SingleInstance, hand_over
from app.desktop.status_line import StatusLine
from app.desktop.theme.palettes import Theme
from app.desktop.window import MainWindow

if TYPE_CHECKING:
    from mlx_model.protocol import Engine

IDLE_SECONDS = 600.0


def make_engine() -> "Engine":
    """The real one. Imports MLX: for a thread in the background."""
    from mlx_model.engine import MLXEngine

    return MLXEngine(idle_seconds=IDLE_SECONDS)


class FileOpener(QObject):
    """Files that the system hands to the application: a double click in Finder, a drag on the Dock icon."""

    opened = Signal(list)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            self.opened.emit([Path(event.file())])
            return True
        return False


def make_application(*, dark: bool | None = None) -> QApplication:
    """The QApplication with its names and looks."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Smolsight")
    application.setApplicationDisplayName("Smolsight")
    application.setOrganizationName("Smolsight")
    application.setDesktopFileName("smolsight")
    application.setWindowIcon(QIcon(str(assets.path("icons") / "smolsight.svg")))
    Theme(application, dark=dark)
    return application


def make_window(
    engine_maker: "Callable[[], Engine]" = make_engine, model: str | None = None, state: QSettings | None = None
) -> MainWindow:
    """A window with everything behind it; the engine starts once it has been painted."""
    bridge, files = EngineBridge(engine_maker), Background("files")
    services = Services(bridge, files, ModelChoice(bridge, files, model), StatusLine())
    window = MainWindow(services, state or QSettings())
    build_menus(window)
    bridge.failed_to_start.connect(services.status.say)
    services.models.failed.connect(services.status.say)
    window.show_section("chat")
    return window


def begin(window: MainWindow) -> None:
    """Show the window, then start the engine behind it."""
    window.show()
    QTimer.singleShot(0, window.services.bridge.start)
    window.services.models.load()
    if window.services.models.problem:
        window.services.status.say(window.services.models.problem)


def run(paths: Sequence[Path], model: str | None = None, *, dark: bool | None = None) -> int:
    """Open the window and stay until it is closed; the exit code."""
    application = make_application(dark=dark)
    if hand_over(paths):
        return 0
    instance, opener = SingleInstance(application), FileOpener(application)
    application.installEventFilter(opener)
    window = make_window(model=model)

    def call(named: list[Path]) -> None:
        window.take(named)
        window.showNormal() if window.isMinimized() else window.show()
        window.raise_()
        window.activateWindow()

    instance.called.connect(call)
    opener.opened.connect(window.take)
    window.closed.connect(instance.close)
    sys.excepthook = _explain(window)
    begin(window)
    window.take(list(paths))
    return application.exec()


def _explain(
    window: MainWindow,
) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """What should not have happened becomes a line in the window, and a traceback in the log."""

    def explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, Exception):
            sys.__excepthook__(kind, error, trace)
            return
        from app.crash_log import keep_traceback

        log = keep_traceback(error)
        window.services.status.say(
            f"Something unexpected happened ({kind.__name__}); " + (f"{log} has the details." if log else "")
        )

    return explain
