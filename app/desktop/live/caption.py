"""The caption of what is watched: as high as its text, and where the window has no room for that, scrolled."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app.desktop.scroll_area import ScrollArea
from app.desktop.theme.text_size import sized

LARGER = 1.15
FEWEST = 2  # lines that stay in sight


class Caption(ScrollArea):
    """Shows words as they come, the latest in sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Caption", parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)
        self.viewport().setAutoFillBackground(False)
        self.words = plain_label("Caption", LARGER)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.words.setMinimumSize(1, 1)  # else as high as the text in a column of Qt's own choice
        self.setWidget(self.words)
        self.words.setAutoFillBackground(False)
        self.verticalScrollBar().rangeChanged.connect(lambda _, last: self.verticalScrollBar().setValue(last))

    def say(self, text: str) -> None:
        self.words.setText(text)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(0, self.words.heightForWidth(self.viewport().width()))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, min(self.sizeHint().height(), FEWEST * self.words.fontMetrics().lineSpacing()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.updateGeometry()


def plain_label(name: str, factor: float) -> QLabel:
    """Text that wraps, in the window's own font times a factor."""
    label = QLabel()
    label.setAccessibleName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    label.setFont(sized(label.font(), factor))
    return label
