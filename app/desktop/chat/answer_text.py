"""Markdown as it streams in: as high as its words, without raw HTML, and loading nothing from anywhere."""

from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QPixmap, QResizeEvent, QTextDocument
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QWidget

from app.desktop.chat.answer_looks import dress
from app.desktop.chat.time_links import link_times, second_of

FLUSH_MS = 40
FEATURES = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML


class AnswerText(QTextBrowser):
    """Text that is selected and copied, never edited. What comes faster than it can be read is drawn together.

    Where it is about a clip of `clip_seconds`, the times that it names are links: `time_chosen`.
    """

    time_chosen = Signal(float)

    def __init__(self, name: str, clip_seconds: float | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.anchorClicked.connect(self._open)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._clip_seconds = clip_seconds
        self._dot = QPixmap(1, 1)
        self._markdown = self._drawn = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.flush)

    def show_markdown(self, markdown: str, *, whole: bool) -> None:
        """Show this text, at once if it is `whole`, else with what comes in the next moment."""
        self._markdown = markdown
        if whole:
            self.flush()
        elif not self._timer.isActive():
            self._timer.start(FLUSH_MS)

    def flush(self) -> None:
        self._timer.stop()
        if self._drawn == self._markdown:
            return
        self._drawn = self._markdown
        self.document().setMarkdown(self._drawn, FEATURES)
        dress(self.document(), self.palette())
        if self._clip_seconds is not None:
            link_times(self.document(), self._clip_seconds, self.palette())
        self._fit()

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """A dot: a model's words must not fetch a picture, and without one Qt would look for a file itself."""
        return self._dot

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._drawn:
            # Links and code keep the colours that they were laid out with.
            self._drawn = ""
            self._timer.start(0)

    def wheelEvent(self, event: Any) -> None:
        event.ignore()  # the transcript scrolls, not one answer in it

    def _fit(self) -> None:
        self.setFixedHeight(max(int(self.document().size().height() + 0.999), self.fontMetrics().lineSpacing()))

    def _open(self, address: QUrl) -> None:
        if (second := second_of(address)) is not None:
            self.time_chosen.emit(second)
        elif address.scheme() in ("http", "https"):
            QDesktopServices.openUrl(address)
