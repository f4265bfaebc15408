"""Where a question is written: suggestions, what it is about, the words, and the button that sends or stops."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QKeyEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from app.desktop import intake
from app.desktop.card import Card
from app.desktop.chat.attachments import Attachments
from app.desktop.chat.column import COLUMN
from app.desktop.chat.round_button import RoundButton
from app.desktop.chat.suggestions import Suggestions
from app.desktop.shown_medium import ShownMedium

MOST_LINES = 6
Role = QPalette.ColorRole


class QuestionEdit(QPlainTextEdit):
    """As high as its words, up to some lines. Enter sends, Shift-Enter begins a line; pictures go elsewhere."""

    sent = Signal()
    media_pasted = Signal(QMimeData)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Question")
        self.setPlaceholderText("Ask about this…")
        self.setTabChangesFocus(True)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(2)
        self.textChanged.connect(self._fit)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.sent.emit()
        else:
            super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasImage() or source.hasUrls() or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        if source.hasImage() or any(url.isLocalFile() for url in source.urls()):
            self.media_pasted.emit(source)
        else:
            super().insertFromMimeData(source)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """What is no text goes to the section below."""
        if intake.can_take(event.mimeData()):
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        lines = min(max(int(self.document().size().height()), 1), MOST_LINES)
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 8)


class Composer(QWidget):
    """Says what is to be asked; does not ask."""

    asked = Signal(str)
    task_chosen = Signal(str)
    stop_wanted = Signal()
    media_pasted = Signal(QMimeData)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(Role.Base)
        self.suggestions = Suggestions()
        self.suggestions.chosen.connect(self.task_chosen)
        self.attachments = Attachments()
        self.edit = QuestionEdit()
        self.edit.sent.connect(self._send)
        self.attachments.emptied.connect(self.edit.setFocus)
        self.edit.media_pasted.connect(self.media_pasted)
        self.edit.textChanged.connect(self._show_button)
        self._button = RoundButton()
        self._button.clicked.connect(self._press)
        self._runs = False
        card = Card(Role.Base, Role.Mid, radius=16)
        words = QHBoxLayout()
        words.setSpacing(6)
        words.addWidget(self.edit, 1)
        words.addWidget(self._button, 0, Qt.AlignmentFlag.AlignBottom)
        inside = QVBoxLayout(card)
        inside.setContentsMargins(14, 8, 8, 8)
        inside.setSpacing(6)
        inside.addWidget(self.attachments)
        inside.addLayout(words)
        inner = QWidget()
        inner.setMaximumWidth(COLUMN)
        column = QVBoxLayout(inner)
        column.setContentsMargins(24, 4, 24, 16)
        column.setSpacing(8)
        column.addWidget(self.suggestions)
        column.addWidget(card)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(inner, 100)
        row.addStretch(1)
        self._show_button()

    @property
    def media(self) -> Sequence[ShownMedium]:
        return self.attachments.media

    def clear(self) -> None:
        self.edit.clear()
        self.attachments.clear()

    def write(self, words: str) -> None:
        """Put these words where the user goes on writing."""
        self.edit.setPlainText(words)
        self.edit.moveCursor(self.edit.textCursor().MoveOperation.End)
        self.edit.setFocus()

    def show_running(self, runs: bool) -> None:
        self._runs = runs
        self._show_button()

    def _show_button(self) -> None:
        """While an answer runs the button stops it, unless another question is being written."""
        self._stops = self._runs and not self.edit.toPlainText().strip()
        title = "Stop" if self._stops else "Send"
        self._button.setAccessibleName(title)
        self._button.setToolTip(f"{title} ({'Esc' if self._stops else 'Enter'})")
        self._button.setEnabled(self._stops or bool(self.edit.toPlainText().strip()))
        self._button.show_icon("stop" if self._stops else "send")

    def _press(self) -> None:
        if self._stops:
            self.stop_wanted.emit()
        else:
            self._send()

    def _send(self) -> None:
        if words := self.edit.toPlainText().strip():
            self.asked.emit(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._runs:
            self.stop_wanted.emit()
        else:
            super().keyPressEvent(event)
