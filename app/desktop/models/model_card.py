"""One model as a card: what it is, what can be done with it, what is being done. Says what the user wants."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.desktop.announce import announce
from app.desktop.card import Card
from app.desktop.elided_label import ElidedLabel
from app.desktop.flow_layout import FlowLayout
from app.desktop.models.convert_form import ConvertForm
from app.shelf.facts import facts, is_too_large, title
from app.shelf.inventory import Entry
from app.shelf.offline import is_offline
from app.sizes import in_words

Role = QPalette.ColorRole
BUTTON = QSize(96, 30)
TIPS = {
    "use": "Answer with this model now",
    "download": "Fetch it from the hub; what was interrupted goes on",
    "verify": "Read all its files again and compare them",
    "convert": "Make a smaller and quicker model of it",
    "default": "Answer with this model from now on, also in the terminal",
    "remove": "Remove it from this machine",
    "cancel": "Stop; what was downloaded is kept for the next time",
}
TEXTS = {"use": "Use in chat", "default": "Make default", "convert": "Convert…"}


class ModelCard(Card):
    """`wanted` brings a word of TIPS, or "really remove"; `convert_wanted` a Wish."""

    wanted = Signal(str)
    convert_wanted = Signal(object)

    def __init__(self, entry: Entry, *, is_chosen: bool, is_default: bool, parent: QWidget | None = None) -> None:
        super().__init__(Role.AlternateBase, radius=10, parent=parent)
        self.entry = entry
        name = ElidedLabel()
        name.setText(title(entry))
        name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        font = QFont(name.font())
        font.setBold(True)
        name.setFont(font)
        marks = ", ".join(word for word, on in (("in use", is_chosen), ("default", is_default)) if on)
        self._marks = _quiet(marks)
        self._marks.setWordWrap(False)
        self._marks.setVisible(bool(marks))
        about = _quiet(facts(entry))
        self.setAccessibleName(f"{title(entry)}: {facts(entry)}")
        if is_too_large(entry):
            about.setText(about.text() + " · more than this machine has")
            about.setForegroundRole(Role.BrightText)
        self.note = _quiet("")
        self.note.setAccessibleName("What happened")
        self.note.hide()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._bar.setAccessibleName("Progress")
        self._bar.hide()
        self.buttons: dict[str, QPushButton] = {}
        self._form: ConvertForm | None = None
        named = QHBoxLayout()
        named.setSpacing(8)
        named.addWidget(name)
        named.addWidget(self._marks)
        named.addStretch(1)
        self._offered = QWidget()
        offers = FlowLayout(self._offered, 8)
        for word in (*self._offers(is_chosen, is_default), "cancel"):
            offers.addWidget(self._button(word, TEXTS.get(word, word.capitalize())))
        self.buttons["cancel"].hide()
        self._name = name
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._head.setSpacing(8)
        self._head.addLayout(named, 1)
        self._head.addWidget(self._offered)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 12, 12, 12)
        self._column.setSpacing(6)
        self._column.addLayout(self._head)
        self._column.addWidget(about)
        self._column.addWidget(self._bar)
        self._column.addWidget(self.note)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The buttons go below the name where there is no room for both."""
        super().resizeEvent(event)
        words = self._name.sizeHint().width() + (self._marks.sizeHint().width() + 8 if self._marks.text() else 0)
        margins = self._column.contentsMargins()
        inside = event.size().width() - margins.left() - margins.right()
        room = inside - self._offered.sizeHint().width() - self._head.spacing()
        direction = QBoxLayout.Direction
        self._head.setDirection(direction.LeftToRight if words <= room else direction.TopToBottom)

    def show_progress(self, words: str, done: int, total: int) -> None:
        """Something is being done: only a cancel is offered."""
        for word, button in self.buttons.items():
            button.setVisible(word == "cancel")
        is_counted = 0 <= done < total
        self._bar.setRange(0, 1000 if is_counted else 0)
        self._bar.setValue(round(1000 * done / total) if is_counted else 0)
        self._bar.show()
        self.say(words, aloud=False)

    def say(self, words: str, *, is_wrong: bool = False, aloud: bool = True) -> None:
        self.note.setText(words)
        self.note.setForegroundRole(Role.BrightText if is_wrong else Role.PlaceholderText)
        self.note.setVisible(bool(words))
        if aloud and words:
            announce(self, words)

    def _offers(self, is_chosen: bool, is_default: bool) -> list[str]:
        if not self.entry.is_here:
            return ["download", "remove"] if self.entry.is_begun else ["download"]
        offers = [] if is_chosen else ["use"]
        offers += [] if is_default else ["default"]
        offers += ["verify"]
        if self.entry.place == "embedded":
            return offers
        return [*offers, "convert", "remove"] if self.entry.bits is None else [*offers, "remove"]

    def _button(self, word: str, text: str) -> QPushButton:
        button = self.buttons[word] = QPushButton(text)
        button.setMinimumSize(BUTTON)
        button.setAccessibleName(f"{text} {title(self.entry)}")
        button.setToolTip(TIPS[word])
        if word == "download" and is_offline():
            button.setEnabled(False)
            button.setToolTip("Offline: nothing is fetched")
        button.clicked.connect(
            {"remove": self._ask_to_remove, "convert": self._ask_how}.get(word, lambda: self.wanted.emit(word))
        )
        return button

    def _ask_to_remove(self) -> None:
        """Asked in the row itself: the same button becomes the answer, Keep comes beside it."""
        remove = self.buttons["remove"]
        size = in_words(self.entry.nbytes or 0)
        shared = " Other programs share it." if self.entry.place == "hub cache" else ""
        self.say(f"Remove {size}?{shared}")
        remove.clicked.disconnect()
        remove.clicked.connect(lambda: self.wanted.emit("really remove"))
        for word, button in self.buttons.items():
            button.setVisible(word in ("remove", "cancel"))
        keep = self.buttons["cancel"]
        keep.setText("Keep")
        keep.setAccessibleName(f"Keep {title(self.entry)}")
        keep.setToolTip("Leave it where it is")
        keep.setFocus()

    def _ask_how(self) -> None:
        if self._form is None:
            self._form = ConvertForm(self.entry)
            self._form.wanted.connect(self.convert_wanted)
            self._form.closed.connect(self._form.hide)
            self._column.addWidget(self._form)
        self._form.show()
        self._form.bits.setFocus()


def _quiet(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setForegroundRole(Role.PlaceholderText)
    label.setWordWrap(True)
    return label
