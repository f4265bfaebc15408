"""One line at the bottom for what happened: a file that could not be read, a model that is not there.

Spoken by screen readers, gone after a while, or on a click.
"""

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from app.desktop.announce import announce
from app.desktop.theme.icons import give_icon

SECONDS = 10


class StatusLine(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setAccessibleName("Status")
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        dismiss = QToolButton()
        dismiss.setAutoRaise(True)
        dismiss.setAccessibleName("Dismiss")
        dismiss.setToolTip("Dismiss")
        dismiss.clicked.connect(self.hide)
        give_icon(dismiss, "close", QPalette.ColorRole.PlaceholderText)
        self._offer = QPushButton("Undo")
        self._offer.setFlat(True)
        self._offer.clicked.connect(self._accept)
        self._accepted: Callable[[], None] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 8, 6)
        row.addWidget(self._label, 1)
        row.addWidget(self._offer)
        row.addWidget(dismiss)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        return self._label.text() if self.isVisible() else ""

    def say(self, sentence: str, offer: str = "", accepted: Callable[[], None] | None = None) -> None:
        """Show a sentence, with a button `offer` where something can be done about it."""
        self._label.setText(sentence)
        self._offer.setText(offer or "Undo")
        self._offer.setVisible(bool(offer))
        self._accepted = accepted
        self.show()
        self._timer.start(SECONDS * 1000)
        announce(self, sentence)

    def _accept(self) -> None:
        self.hide()
        if self._accepted is not None:
            self._accepted()
