"""A clip as a strip of frames along its time: those that the model sees, the one that is shown, the part asked about.

A drag of a bracket moves that end of the part; elsewhere the pointer chooses the frame that is shown. Knows neither
files nor models: times and small pictures are given to it.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.asking.clip_times import Span, short_time, ticks
from app.desktop.announce import announce
from app.desktop.stage.film import FilmFrame
from app.desktop.stage.seen import nearest
from app.desktop.theme.text_size import sized

SIDE, TOP, STRIP = 18, 6, 44
DOT, DOTS = 4, 12  # how large a mark of a seen frame is, and how high their row
GRIP = 9
REACH = 10  # pixels from a bracket within which it is taken hold of
LABEL = 70  # pixels that a time needs
KEYS = (
    "Left and Right show another frame. I starts the part that is asked about here, O ends it here, Backspace takes "
    "the whole clip. Control and the arrows move the start, Shift and the arrows the end."
)
Role = QPalette.ColorRole


class Timeline(QWidget):
    """`looked_at` has the second of a frame. `span_changed` has the part, and whether the user has let go of it."""

    looked_at = Signal(float)
    span_changed = Signal(Span, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Timeline")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Click to look at a frame; drag a bracket to ask about a part")
        self.span = Span(0.0, 0.0, 0.0)
        self.current = 0.0
        self._seen: Sequence[float] = ()
        self._frames: Mapping[float, FilmFrame] = {}
        self._held = ""

    def sizeHint(self) -> QSize:
        return QSize(400, TOP + STRIP + DOTS + self.fontMetrics().lineSpacing() + 4)

    def show_clip(self, span: Span, seen: Sequence[float], frames: Mapping[float, FilmFrame]) -> None:
        """A part of a clip, when the frames are shown that the model sees of it, and what there is to see by now."""
        self.span, self._seen, self._frames = span, seen, frames
        self._describe()
        self.update()

    def show_current(self, second: float) -> None:
        self.current = second
        self._describe()
        self.update()

    def place_of(self, second: float) -> float:
        """Pixels from the left."""
        return SIDE + self._width * (second / self.span.duration if self.span.duration else 0.0)

    def second_at(self, x: float) -> float:
        return min(max((x - SIDE) / self._width, 0.0), 1.0) * self.span.duration

    @property
    def words(self) -> str:
        """ "0:03, frame 4 of 12"."""
        if self.current in self._seen:
            return f"{short_time(self.current)}, frame {self._seen.index(self.current) + 1} of {len(self._seen)}"
        return f"{short_time(self.current)}, not seen"

    @property
    def _width(self) -> float:
        return max(self.width() - 2 * SIDE, 1)

    def _describe(self) -> None:
        self.setAccessibleDescription(f"{self.words}. Asked about: {self.span.words}. {KEYS}")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, palette = QPainter(self), self.palette()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        strip = QRectF(SIDE, TOP, self._width, STRIP)
        shape = QPainterPath()
        shape.addRoundedRect(strip, 5, 5)
        painter.save()
        painter.setClipPath(shape)
        painter.fillRect(strip, palette.color(Role.Mid))
        self._paint_frames(painter, strip)
        self._shade_rest(painter, strip)
        painter.restore()
        self._paint_dots(painter, strip.bottom() + DOTS / 2 + 1)
        self._paint_times(painter, strip.bottom() + DOTS)
        self._paint_brackets(painter, strip)
        self._paint_current(painter, strip)
        if self.hasFocus():
            painter.setPen(QPen(palette.color(Role.Accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(3, 1, -3, -1), 6, 6)

    def _paint_frames(self, painter: QPainter, strip: QRectF) -> None:
        """As many as fit beside each other, each the one that is on the screen in the middle of its place."""
        if not self._frames:
            return
        seconds = sorted(self._frames)
        first = self._frames[seconds[0]].small
        wide = max(STRIP * first.width() / max(first.height(), 1), 8.0)
        for number in range(int(strip.width() / wide) + 1):
            left = strip.left() + number * wide
            second = nearest(seconds, self.second_at(min(left + wide / 2, strip.right())))
            if second is not None:
                painter.drawImage(QRectF(left, strip.top(), wide, STRIP), self._frames[second].small)

    def _shade_rest(self, painter: QPainter, strip: QRectF) -> None:
        shade = self.palette().color(Role.Window)
        shade.setAlphaF(0.72)
        start, end = self.place_of(self.span.start), self.place_of(self.span.end)
        painter.fillRect(QRectF(strip.left(), strip.top(), start - strip.left(), STRIP), shade)
        painter.fillRect(QRectF(end, strip.top(), strip.right() - end, STRIP), shade)

    def _paint_dots(self, painter: QPainter, y: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(Role.Accent))
        for second in self._seen:
            painter.drawEllipse(QPointF(self.place_of(second), y), DOT / 2, DOT / 2)

    def _paint_times(self, painter: QPainter, top: float) -> None:
        painter.setFont(sized(painter.font(), 0.85))
        painter.setPen(self.palette().color(Role.PlaceholderText))
        high = painter.fontMetrics().lineSpacing()
        for second in ticks(self.span.duration, max(int(self._width / LABEL), 2)):
            words = short_time(second)
            wide = painter.fontMetrics().horizontalAdvance(words) + 2
            left = min(max(self.place_of(second) - wide / 2, SIDE - GRIP), self.width() - SIDE + GRIP - wide)
            painter.drawText(QRectF(left, top, wide, high), Qt.AlignmentFlag.AlignHCenter, words)

    def _paint_brackets(self, painter: QPainter, strip: QRectF) -> None:
        colour = self.palette().color(Role.Accent)
        start, end = self.place_of(self.span.start), self.place_of(self.span.end)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 2))
        painter.drawLine(QPointF(start, strip.top()), QPointF(end, strip.top()))
        painter.drawLine(QPointF(start, strip.bottom()), QPointF(end, strip.bottom()))
        for left in (start - GRIP, end):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRoundedRect(QRectF(left, strip.top() - 1, GRIP, STRIP + 2), 3, 3)
            painter.setPen(QPen(self.palette().color(Role.Base), 1.5))
            middle = QPointF(left + GRIP / 2, strip.center().y())
            painter.drawLine(middle + QPointF(0, -7), middle + QPointF(0, 7))

    def _paint_current(self, painter: QPainter, strip: QRectF) -> None:
        """Light within dark, so that it is seen on any frame."""
        x = self.place_of(self.current)
        for colour, width in ((Role.WindowText, 5.0), (Role.Base, 2.0)):
            painter.setPen(QPen(self.palette().color(colour), width))
            painter.drawLine(QPointF(x, strip.top() - 1), QPointF(x, strip.bottom() + 1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._held = self._bracket_at(event.position().x()) or "frame"
        self._drag(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._drag(event.position().x())
        else:
            on_bracket = self._bracket_at(event.position().x())
            self.setCursor(Qt.CursorShape.SplitHCursor if on_bracket else Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        held, self._held = self._held, ""
        if held in ("start", "end"):
            self.span_changed.emit(self.span, True)

    def _bracket_at(self, x: float) -> str:
        """Which end the pointer is at; each is held from its outside, too, where there is no frame."""
        start, end = self.place_of(self.span.start), self.place_of(self.span.end)
        if start - GRIP - REACH / 2 <= x <= start + REACH / 2 and x - start <= end - x:
            return "start"
        return "end" if end - REACH / 2 <= x <= end + GRIP + REACH / 2 else ""

    def _drag(self, x: float) -> None:
        second = self.second_at(x)
        if self._held == "frame":
            self._look(second)
        else:
            self._change(self.span.starting(second) if self._held == "start" else self.span.ending(second), done=False)

    def _look(self, second: float) -> None:
        """The frame that the model sees there, or any other that there is."""
        inside = self.span.start <= second <= self.span.end
        found = nearest(self._seen if inside else sorted(self._frames), second)
        if found is not None and found != self.current:
            self.looked_at.emit(found)

    def _change(self, span: Span, *, done: bool) -> None:
        if span != self.span:
            self.span = span
            self.span_changed.emit(span, done)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        span, step = self.span, max(self.span.duration / 100, 0.1)
        way = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if way and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._change(span.starting(span.start + way * step), done=True)
        elif way and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._change(span.ending(span.end + way * step), done=True)
        elif way:
            self._step(way)
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._seen:
            self._move(self._seen[0 if event.key() == Qt.Key.Key_Home else -1])
        elif event.key() == Qt.Key.Key_I:
            self.start_here()
        elif event.key() == Qt.Key.Key_O:
            self.end_here()
        elif event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
            self.take_whole()
        else:
            super().keyPressEvent(event)
            return
        announce(self, f"{self.words}. {self.span.words}" if self.span != span else self.words)

    def start_here(self) -> None:
        self._change(self.span.starting(self.current), done=True)

    def end_here(self) -> None:
        """The frame that is shown is the last one of the part."""
        later = [second for second in sorted({*self._seen, *self._frames}) if second > self.current]
        self._change(self.span.ending(later[0] if later else self.span.duration), done=True)

    def take_whole(self) -> None:
        self._change(Span(0.0, self.span.duration, self.span.duration), done=True)

    def _step(self, way: int) -> None:
        """To the next frame that the model sees."""
        if not self._seen:
            return
        place = bisect_left(self._seen, self.current)
        known = place < len(self._seen) and self._seen[place] == self.current
        new = place + way if known or way < 0 else place
        self._move(self._seen[min(max(new, 0), len(self._seen) - 1)])

    def _move(self, second: float) -> None:
        if second != self.current:
            self.looked_at.emit(second)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()
