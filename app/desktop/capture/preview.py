"""The picture of a camera or the screen as it comes, fitted into its room; before that, a sentence of what to do."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from app.desktop.theme.icons import pixmap
from app.desktop.theme.text_size import sized
from app.live.frame import Frame

ICON = 44
GAP = 10


class Preview(QWidget):
    """Shows the last frame, dimmed under a sentence where there is one to say."""

    def __init__(self, name: str, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._icon = icon
        self.setMinimumHeight(80)
        self.frame_shown: Frame | None = None
        self._title = self._sentence = ""

    def show_frame(self, frame: Frame) -> None:
        self.frame_shown, self._title = frame, ""
        self.setAccessibleDescription("")
        self.update()

    def say(self, title: str, sentence: str, *, keeps_frame: bool = False) -> None:
        self._title, self._sentence = title, sentence
        if not keeps_frame:
            self.frame_shown = None
        self.setAccessibleDescription(f"{title}. {sentence}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Window))
        if self.frame_shown is not None:
            self._paint_frame(painter, self.frame_shown)
        if self._title:
            self._paint_words(painter)

    def _paint_frame(self, painter: QPainter, frame: Frame) -> None:
        height, width = frame.pixels.shape[:2]
        image = QImage(frame.pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        scale = min(self.width() / width, self.height() / height)
        shown = QRectF(0, 0, width * scale, height * scale)
        shown.moveCenter(QRectF(self.rect()).center())
        painter.setOpacity(0.25 if self._title else 1.0)
        painter.drawImage(shown, image)
        painter.setOpacity(1.0)

    def _paint_words(self, painter: QPainter) -> None:
        palette, font = self.palette(), sized(self.font(), 1.4, bold=True)
        left, width = 24, self.width() - 48
        top = (self.height() - ICON - GAP - 4 * self.fontMetrics().lineSpacing()) // 2
        colour = palette.color(QPalette.ColorRole.Accent)
        painter.drawPixmap((self.width() - ICON) // 2, top, pixmap(self._icon, colour, ICON, self.devicePixelRatioF()))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.setFont(font)
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        words = flags | Qt.TextFlag.TextWordWrap
        line = painter.boundingRect(left, 0, width, self.height(), words, self._title).height()
        painter.drawText(left, top + ICON + GAP, width, line, words, self._title)
        painter.setFont(self.font())
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(left, top + ICON + GAP + line + 4, width, self.height(), words, self._sentence)
