"""What every section is given: the engine, threads for other work, the chosen model, a place to say things."""

from dataclasses import dataclass
from pathlib import Path

from app.desktop.background import Background
from app.desktop.engine_bridge import EngineBridge
from app.desktop.history.keeper import HistoryKeeper
from app.desktop.model_choice import ModelChoice
from app.desktop.status_line import StatusLine
from app.settings import Settings


@dataclass(frozen=True)
class Services:
    """`files` opens pictures and clips; `status` is the line for what is no answer and needs no dialog.

    `reviews` is where edited captions are kept.
    """

    settings: Settings
    history: HistoryKeeper
    reviews: Path

    bridge: EngineBridge
    files: Background
    models: ModelChoice
    status: StatusLine

    def wait(self) -> None:
        """Until every thread has ended, once it was closed."""
        self.history.wait()

    def close(self) -> None:
        """End every thread; a step of the model that is under way ends a moment later."""
        self.history.close()
        self.files.close()
        self.bridge.close()
