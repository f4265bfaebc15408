"""The model that answers in the window: which one, whether it is ready, what it makes of a picture.

Loads it behind the window as soon as there is one, and another when the user chooses so. Knows no widget.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.desktop.background import Background
from app.desktop.engine_bridge import EngineBridge, Ticket
from app.pace import Pace
from app.shelf import Installed, find_model
from app.shelf.inventory import list_models
from mlx_model.errors import SmolsightError

if TYPE_CHECKING:
    from mlx_model.config import ImageConfig
    from mlx_model.protocol import EngineEvent, Job


@dataclass(frozen=True)
class Sight:
    """What a loaded model makes of pictures: `images` is None for a model of words alone."""

    images: "ImageConfig | None"
    tokens_per_tile: int
    context: int


class ModelChoice(QObject):
    """`chosen` is always an installed model; `sight` is known once it has been loaded, as `ready` says.

    `wanted_download` is a model of the hub that the user asked for and that nobody has begun to fetch.
    """

    changed = Signal()
    ready = Signal()
    failed = Signal(str)

    def __init__(self, bridge: EngineBridge, background: Background, name: str | None = None) -> None:
        super().__init__(bridge)
        self._bridge, self._background = bridge, background
        self._loading: Ticket | None = None
        self.sight: Sight | None = None
        self.pace = Pace()
        self.problem = ""
        self.wanted_download: str | None = None
        try:
            self.chosen = find_model(name)
        except SmolsightError as error:
            self.problem = str(error)
            self.chosen = find_model()

    @property
    def is_loading(self) -> bool:
        return self._loading is not None

    def names(self) -> list[str]:
        """What can be chosen, the chosen one among them."""
        names = [entry.name for entry in list_models() if entry.is_here]
        return names if self.chosen.name in names else [self.chosen.name, *names]

    def load(self) -> None:
        """Read the chosen model into memory, if it is not there already."""
        if self._loading is not None:
            self._bridge.drop(self._loading)
        self._loading = self._bridge.submit(self._job, partial(self._hear, self.chosen))
        self.changed.emit()

    def choose(self, name: str) -> None:
        try:
            chosen = find_model(name)
        except SmolsightError as error:
            self.failed.emit(str(error))
            return
        if chosen != self.chosen:
            self.chosen, self.sight, self.pace = chosen, None, Pace()
            self.load()

    def _job(self) -> "Job":
        from mlx_model.protocol import Load

        return Load(self.chosen.folder)

    def _hear(self, model: Installed, event: "EngineEvent") -> None:
        from mlx_model.protocol import LAST, Failed, Loaded

        if isinstance(event, LAST):
            self._loading = None
            if isinstance(event, Failed):
                self.failed.emit(event.sentence)
            self.changed.emit()
        elif isinstance(event, Loaded):
            images, context = event.image_config, event.context
            self._background.run(
                partial(_tokens_per_tile, model),
                lambda tokens: self._see(model, Sight(images, tokens, context)),
                lambda _: self._see(model, Sight(images, 0, context)),
            )

    def _see(self, model: Installed, sight: Sight) -> None:
        if model == self.chosen:
            self.sight = sight
            self.ready.emit()


def _tokens_per_tile(model: Installed) -> int:
    from mlx_model.config import read_model_config

    return read_model_config(model.folder).tokens_per_tile
