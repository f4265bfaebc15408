"""The Models section: a card for each model, those that are here first, and one thread for what takes long."""

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from app.desktop.background import Background
from app.desktop.models.jobs import Jobs, Report
from app.desktop.models.model_card import ModelCard
from app.desktop.section import Section
from app.desktop.services import Services
from app.shelf import find_model, set_default
from app.shelf.downloads import download
from app.shelf.facts import disk_words
from app.shelf.inventory import Entry, list_models
from app.shelf.offline import is_offline
from app.shelf.packing import Wish, pack
from app.shelf.removal import find_removable, remove
from app.shelf.transfer_rate import TransferRate
from app.shelf.verify import Verdict, verify
from mlx_model.errors import Cancelled, SmolsightError

WIDTH = 900
Listed = tuple[list[Entry], str, str]
# What is said of each kind of work before there are bytes to count, and when all of them are done.
WORDS = {
    "download": ("Asking the hub…", "Everything is here, a last look…"),
    "verify": ("Looking at the weights…", "Looking at the weights…"),
    "convert": ("Preparing…", "Written; now it is held to its source…"),
}


class ModelsSection(Section):
    """Lists anew when something was done; what a row was told stays in it."""

    name = "models"
    title = "Models"

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self.jobs, self._looking = Jobs(self), Background("model list", self)
        self.cards: dict[str, ModelCard] = {}
        self._rates: dict[str, TransferRate] = {}
        self._notes: dict[str, tuple[str, bool]] = {}
        self._shown: object = None
        self._states: dict[str, object] = {}
        self._inner = QWidget()
        self._inner.setMaximumWidth(WIDTH)
        self._column = QVBoxLayout(self._inner)
        self._column.setContentsMargins(24, 20, 24, 24)
        self._column.setSpacing(10)
        area = QScrollArea()
        area.setObjectName("plain")
        area.setAccessibleName("Models")
        area.setWidgetResizable(True)
        area.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        area.setWidget(self._inner)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)
        self.jobs.begun.connect(self.look)
        self.jobs.progressed.connect(self._progress)
        self.jobs.ended.connect(self._end)
        services.models.changed.connect(self.look)

    def arrive(self) -> None:
        self.look()

    def close_down(self) -> None:
        self.jobs.close()
        self._looking.close()

    def look(self) -> None:
        """Read the folders again, on a thread."""
        self._looking.run(_list, self._show, self._explain)

    def _show(self, listed: Listed) -> None:
        entries, default, room = listed
        busy = [(entry.name, self.jobs.waits(entry.name)) for entry in entries if self.jobs.is_busy(entry.name)]
        now = (entries, default, self._services.models.chosen.name, busy, dict(self._notes), is_offline())
        if now != self._shown:
            self._shown = now
            self._fill(entries, default, room)
        if wanted := self._services.models.wanted_download:
            self._services.models.wanted_download = None
            if wanted in self.cards:
                self._do(wanted, "download")

    def _fill(self, entries: list[Entry], default: str, room: str) -> None:
        """Make the cards; one that had the focus gets it back."""
        focused = next((name for name, card in self.cards.items() if _holds(card, self.focusWidget())), None)
        while (item := self._column.takeAt(0)) is not None:
            if isinstance(widget := item.widget(), QLabel):
                widget.deleteLater()
        before, self.cards = self.cards, {}
        if is_offline():
            self._column.addWidget(_words("Offline: nothing is fetched, no connection is opened."))
        for heading, here in (("On this machine", True), ("Can be had", False)):
            if not here:
                self._column.addSpacing(12)
            self._column.addWidget(_words(heading, bold=True))
            for entry in entries:
                if entry.is_here is here:
                    self._column.addWidget(self._card(entry, default, before))
            if here:
                self._column.addWidget(_words(room))
        self._column.addStretch(1)
        for name, card in before.items():
            if self.cards.get(name) is not card:
                card.deleteLater()
        if focused in self.cards and self.cards[focused] is not before[focused]:
            next(button for button in self.cards[focused].buttons.values() if not button.isHidden()).setFocus()

    def _card(self, entry: Entry, default: str, before: dict[str, ModelCard]) -> ModelCard:
        """The card that is there where nothing has changed: making all anew would hold the window up."""
        name = entry.name
        is_chosen = self._services.models.chosen.name == name
        doing = (self.jobs.is_busy(name), self.jobs.waits(name))
        state = (entry, is_chosen, name == default, doing, self._notes.get(name), is_offline())
        if name in before and self._states.get(name) == state:
            card = self.cards[name] = before[name]
            return card
        self._states[name] = state
        card = self.cards[name] = ModelCard(entry, is_chosen=is_chosen, is_default=name == default)
        card.wanted.connect(partial(self._do, name))
        card.convert_wanted.connect(partial(self._convert, name))
        if self.jobs.is_busy(name):
            card.show_progress("Waits for its turn…" if self.jobs.waits(name) else "Under way…", 0, 0)
        elif name in self._notes:
            words, is_wrong = self._notes[name]
            card.say(words, is_wrong=is_wrong, aloud=False)
        return card

    def _do(self, name: str, what: str) -> None:
        self._notes.pop(name, None)
        if what == "use":
            self._services.models.choose(name)
            self.section_wanted.emit("chat")
        elif what == "cancel":
            if self.jobs.is_busy(name):
                self.cards[name].say("Cancelling…")
                self.jobs.cancel(name)
            else:
                self._shown = self._states[name] = None
                self.look()
        elif what == "default":
            became = partial(self._became_default, name)
            self._looking.run(partial(set_default, name), lambda _: became(), partial(self._fail, name))
        elif what == "really remove":
            self._looking.run(partial(_remove, name), lambda _: self._removed(name), partial(self._fail, name))
        elif what == "download":
            self._begin(name, what, partial(download, name))
        elif what == "verify":
            self._begin(name, what, partial(_verify, name))

    def _convert(self, name: str, wish: Wish) -> None:
        self._begin(name, "convert", partial(pack, wish))

    def _begin(self, name: str, what: str, work: Callable[[Report], object]) -> None:
        self._rates[name] = TransferRate(*WORDS[what])
        self.jobs.begin(name, work)
        self.look()

    def _progress(self, name: str, done: int, total: int) -> None:
        if card := self.cards.get(name):
            card.show_progress(self._rates[name].words(done, total, time.monotonic()), done, total)

    def _end(self, name: str, result: object, error: Exception | None) -> None:
        if isinstance(error, Cancelled):
            self._notes[name] = ("Cancelled.", False)
        elif error is not None:
            self._fail(name, error)
        elif isinstance(result, Verdict):
            whole = f"{result.files} files are whole."
            words = " ".join(filter(None, (*result.problems, result.mend))) if result.problems else whole
            self._notes[name] = (words, bool(result.problems))
        elif isinstance(result, str):
            self._notes[name] = (result, False)
        else:
            self._notes[name] = ("Done.", False)
        self._speak(name)
        # The toolbar and the chat list what is here now.
        self._services.models.changed.emit()

    def _became_default(self, name: str) -> None:
        self._services.models.choose(name)
        self.look()

    def _removed(self, name: str) -> None:
        if self._services.models.chosen.name == name:
            self._services.models.choose(find_model().name)
        self._services.models.changed.emit()

    def _fail(self, name: str, error: Exception) -> None:
        known = isinstance(error, SmolsightError | OSError)
        self._notes[name] = (str(error) if known else f"This went wrong: {error}", True)
        self.look()

    def _speak(self, name: str) -> None:
        if name in self.cards and name in self._notes:
            words, is_wrong = self._notes[name]
            self.cards[name].say(words, is_wrong=is_wrong)

    def _explain(self, error: Exception) -> None:
        self._services.status.say(f"The models could not be listed: {error}")


def _holds(card: ModelCard, widget: QWidget | None) -> bool:
    return widget is not None and card.isAncestorOf(widget)


def _list() -> Listed:
    return list_models(), find_model().name, disk_words()


def _verify(name: str, report: Report) -> Verdict:
    return verify(find_model(name), report)


def _remove(name: str) -> None:
    remove(find_removable(name))


def _words(text: str, *, bold: bool = False) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    if bold:
        font = label.font()
        font.setBold(True)
        label.setFont(font)
    else:
        label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
