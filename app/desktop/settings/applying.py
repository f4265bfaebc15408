"""What a setting means at once, for everything that is no section: the engine, the history, the network, the text."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from app.desktop.services import Services
from app.desktop.theme.text_size import scale_text
from app.engine_settings import LIMITS, limit
from app.remembering import SETTING, forget_seen
from app.shelf import find_model
from app.shelf.offline import go_offline, go_online

if TYPE_CHECKING:
    from mlx_model.protocol import EngineEvent

AT_START = ("text_percent", "history", "offline")  # the engine and the model are made as the settings say


def apply_setting(services: Services, key: str) -> None:
    """This one has another value now, or the window has just been made."""
    value = services.settings[key]
    if key == "text_percent":
        application = QApplication.instance()
        assert isinstance(application, QApplication), "there is a window"
        scale_text(application, value)
    elif key == "history":
        services.history.is_on = value
    elif key == "offline":
        go_offline() if value else go_online()
        services.models.changed.emit()  # what can be had
    elif key == "model":
        services.models.choose(find_model().name)
    elif key in LIMITS:
        if key == SETTING and not value:
            _forget_seen(services)
        services.bridge.submit(partial(limit, services.settings), partial(_hear, services))


def _forget_seen(services: Services) -> None:
    try:
        forget_seen()
    except OSError as error:
        services.status.say(f"What was seen could not be deleted: {error}")


def _hear(services: Services, event: "EngineEvent") -> None:
    from mlx_model.protocol import Failed

    if isinstance(event, Failed):
        services.status.say(event.sentence)
