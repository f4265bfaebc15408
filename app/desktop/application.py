"""The application: one process, one window, one engine, and the ways in which files come from outside.

Knows what there is and who gets what; everything else is in the parts.
"""

import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QFileOpenEvent, QIcon
from PySide6.QtWidgets import QApplication

import assets
from app.desktop.background import Background
from app.desktop.engine_bridge import EngineBridge
from app.desktop.history.history_list import HistoryList
from app.desktop.history.keeper import HistoryKeeper
from app.desktop.menus import build_menus
from app.desktop.model_choice import ModelChoice
from app.desktop.place import Place, users_place
from app.desktop.services import Services
from app.desktop.settings.applying import AT_START, apply_setting
from app.desktop.single_instance import claim
from app.desktop.status_line import StatusLine
from app.desktop.theme.palettes import Theme
from app.desktop.window import MainWindow
from app.engine_settings import limit
from app.settings import Settings

if TYPE_CHECKING:
    from mlx_model.protocol import Engine

SWITCH_SECONDS = 0.0005


def make_engine(settings: Settings) -> "Engine":
    """The real one. Imports MLX: for a thread in the background."""
    from mlx_model.engine import MLXEngine

    return MLXEngine(**asdict(limit(settings)))


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
    # Each call out of Qt into Python waits so long for another thread that is at work there; one frame has hundreds.
    sys.setswitchinterval(SWITCH_SECONDS)
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
    place: Place | None = None,
    model: str | None = None,
    engine_maker: "Callable[[Settings], Engine]" = make_engine,
) -> MainWindow:
    """A window with everything behind it; the engine starts once it has been painted."""
    place = place or users_place()
    settings = Settings(place.settings)
    bridge, files = EngineBridge(partial(engine_maker, settings)), Background("files")
    services = Services(
        settings=settings,
        history=HistoryKeeper(place.history),
        reviews=place.reviews,
        bridge=bridge,
        files=files,
        models=ModelChoice(bridge, files, model),
        status=StatusLine(),
    )
    for key in AT_START:
        apply_setting(services, key)
    window = MainWindow(services, place.state)
    window.setting_chosen.connect(partial(apply_setting, services))
    listed = HistoryList(services.history, services.status)
    window.source_list.add_history(listed)
    build_menus(window, listed)
    for noted in (bridge.failed_to_start, services.models.failed, services.history.noted):
        noted.connect(services.status.say)
    window.show_section("chat")
    if problem := settings.problem or services.models.problem:
        services.status.say(problem)
    return window


def begin(window: MainWindow) -> None:
    """Show the window, and start the engine behind it once it can be seen."""
    window.first_painted.connect(window.services.bridge.start)
    window.services.models.load()
    window.show()


def run(paths: Sequence[Path], model: str | None = None, *, dark: bool | None = None) -> int:
    """Open the window and stay until it is closed; the exit code."""
    application = make_application(dark=dark)
    if (instance := claim(paths, application)) is None:
        return 0
    opener = FileOpener(application)
    if sys.platform == "darwin":  # nobody else sends such events, and each one would go through here
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
    # What is there by now stays to the end. Looked through for garbage time and again, it would hold the window up.
    window.first_painted.connect(gc.freeze)
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
