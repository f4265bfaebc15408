"""How a picture and its caption look in the grid, and the field in which the caption is edited in place."""

import time
from collections import OrderedDict
from functools import lru_cache

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QPlainTextEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.desktop.folder.grid_model import GridModel, Index
from app.desktop.theme.icons import pixmap
from app.desktop.theme.text_size import sized
from app.folder.album import Entry

LEAST_WIDTH = 212
GAP, PADDING = 6, 10
PICTURE_HEIGHT = 140
LINES = 4
BADGE = 22
MOST_IN_A_TURN = 0.008  # seconds of drawing, after which the rest waits for the next turn
Role = QPalette.ColorRole
Align = Qt.AlignmentFlag
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
# What comes after each key that ends the editing.
ENDS = {
    **dict.fromkeys(ENTER, QAbstractItemDelegate.EndEditHint.NoHint),
    Qt.Key.Key_Tab: QAbstractItemDelegate.EndEditHint.EditNextItem,
    Qt.Key.Key_Backtab: QAbstractItemDelegate.EndEditHint.EditPreviousItem,
}


def cell_size(width: int, font: QFont) -> QSize:
    """How large each cell is where they fill a width side by side: as high as the font's lines need."""
    words = QFontMetrics(_small(font)).height() + LINES * QFontMetrics(font).lineSpacing()
    return QSize(width // max(width // LEAST_WIDTH, 1), 2 * GAP + PICTURE_HEIGHT + words + 20)


class TileDelegate(QStyledItemDelegate):
    """A card: the picture with its marks, the file's name, some lines of the caption. The view sets `cell`, and
    `most_held` to more cards than it shows.

    A card is drawn once and kept as pixels while it is on the screen. What a turn of the event loop has no time for is
    left empty and drawn in the next one, `put_off` says then: while other threads work, a screen of new cards may take
    long.
    """

    put_off = Signal()

    def __init__(self, model: GridModel, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self.cell = QSize()
        self.most_held = 1
        self._drawn: OrderedDict[object, tuple[Entry, QPixmap]] = OrderedDict()
        self._spent = 0.0  # seconds, in this turn
        self._leaves = False
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._begin_turn)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self.cell

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry, thumbnail, waits = self._model.entry(index), self._model.thumbnail(index), self._model.waits(index)
        palette, rect, ratio = option.palette, option.rect, option.widget.devicePixelRatioF()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        looks = (chosen, focused, waits, rect.width(), rect.height(), ratio, palette.cacheKey(), option.font.key())
        key = (id(entry), None if thumbnail is None else thumbnail.cacheKey(), looks)
        held = self._drawn.get(key)
        if held is None or held[0] is not entry:
            if self._spent > MOST_IN_A_TURN:
                self._leaves = True
                return
            since = time.perf_counter()
            held = self._drawn[key] = (entry, _drawn(option, entry, thumbnail, waits=waits))
            self._spent += time.perf_counter() - since
            while len(self._drawn) > self.most_held:
                self._drawn.popitem(last=False)
            if not self._turn.isActive():
                self._turn.start(0)
        else:
            self._drawn.move_to_end(key)
        painter.drawPixmap(rect.topLeft(), held[1])

    def _begin_turn(self) -> None:
        leaves, self._spent, self._leaves = self._leaves, 0.0, False
        if leaves:
            self.put_off.emit()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QPlainTextEdit(parent)
        editor.setAccessibleName(f"Caption of {self._model.entry(index).path.name}")
        editor.setToolTip("Enter keeps it, Tab goes on to the next, Esc leaves it as it was")
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        assert isinstance(editor, QPlainTextEdit)
        editor.setPlainText(self._model.entry(index).text)
        editor.selectAll()

    def setModelData(self, editor: QWidget, model: QObject, index: Index) -> None:
        assert isinstance(editor, QPlainTextEdit)
        model.setData(index, editor.toPlainText())  # type: ignore[attr-defined]

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        card = _card(option.rect)
        editor.setGeometry(card.adjusted(4, _picture(card).bottom() - card.top() + 4, -4, -4))

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Enter keeps what was written, with Shift it begins a line; Tab keeps it and goes on to the next."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and isinstance(editor, QWidget):
            begins_line = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if event.key() in ENDS and not (begins_line and event.key() in ENTER):
                self.commitData.emit(editor)
                self.closeEditor.emit(editor, ENDS[Qt.Key(event.key())])
                return True
        return super().eventFilter(editor, event)


def _drawn(option: QStyleOptionViewItem, entry: Entry, thumbnail: QPixmap | None, *, waits: bool) -> QPixmap:
    """The whole cell."""
    palette, ratio = option.palette, option.widget.devicePixelRatioF()
    chosen = bool(option.state & QStyle.StateFlag.State_Selected)
    focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
    cell = QRect(QPoint(0, 0), option.rect.size())
    drawn = QPixmap(cell.size() * ratio)
    drawn.setDevicePixelRatio(ratio)
    drawn.fill(palette.color(Role.Base))
    card = _card(cell)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.setBrush(palette.color(Role.Midlight if chosen else Role.Base))
    line = Role.Accent if chosen or focused else Role.Mid
    painter.setPen(QPen(palette.color(line), 2 if chosen or focused else 1))
    painter.drawRoundedRect(QRectF(card).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)
    _draw_picture(painter, _picture(card), thumbnail, palette, ratio)
    _draw_badges(painter, _picture(card), entry, option)
    _draw_words(painter, card, entry, option, waits=waits)
    painter.end()
    return drawn


def _card(cell: QRect) -> QRect:
    return cell.adjusted(GAP, GAP, -GAP, -GAP)


def _picture(card: QRect) -> QRect:
    return QRect(card.x() + 2, card.y() + 2, card.width() - 4, PICTURE_HEIGHT)


def _draw_picture(painter: QPainter, area: QRect, thumbnail: QPixmap | None, palette: QPalette, ratio: float) -> None:
    """The whole picture, never cut; an icon where there is none yet, a warning where there will be none."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(Role.AlternateBase))
    painter.drawRoundedRect(area, 7, 7)
    if thumbnail is None or thumbnail.isNull():
        icon = "open" if thumbnail is None else "warning"
        drawn = _icon(icon, palette.color(Role.PlaceholderText).name(), 28, ratio)
        painter.drawPixmap(area.center().x() - 14, area.center().y() - 14, drawn)
        return
    size = thumbnail.size().scaled(area.size() - QSize(8, 8), Qt.AspectRatioMode.KeepAspectRatio)
    shown = QRect(0, 0, min(size.width(), thumbnail.width()), min(size.height(), thumbnail.height()))
    shown.moveCenter(area.center())
    painter.drawPixmap(shown, thumbnail)


def _draw_badges(painter: QPainter, area: QRect, entry: Entry, option: QStyleOptionViewItem) -> None:
    """A tick where it was reviewed; in words what to know before trusting the caption."""
    palette, ratio = option.palette, option.widget.devicePixelRatioF()
    if entry.reviewed:
        badge = QRect(area.right() - BADGE - 5, area.top() + 6, BADGE, BADGE)
        painter.setPen(QPen(palette.color(Role.Base), 2))
        painter.setBrush(palette.color(Role.Highlight))
        painter.drawEllipse(badge)
        tick = _icon("check", palette.color(Role.HighlightedText).name(), 16, ratio)
        painter.drawPixmap(badge.center().x() - 7, badge.center().y() - 7, tick)
    if words := badge_words(entry):
        painter.setFont(_small(option.font))
        width = painter.fontMetrics().horizontalAdvance(words) + 16
        badge = QRect(area.left() + 6, area.top() + 6, width, BADGE)
        painter.setPen(QPen(palette.color(Role.Mid), 1))
        painter.setBrush(palette.color(Role.Base))
        painter.drawRoundedRect(badge, BADGE / 2, BADGE / 2)
        painter.setPen(palette.color(Role.BrightText if entry.error else Role.Text))
        painter.drawText(badge, Align.AlignCenter, words)


def badge_words(entry: Entry) -> str:
    kinds = entry.kinds
    if "failed" in kinds:
        return "Failed"
    if "repeated" in kinds:
        return "Repeated itself"
    if "blank" in kinds:
        return "Blank"
    return "Unsure" if entry.note else ""


def _draw_words(painter: QPainter, card: QRect, entry: Entry, option: QStyleOptionViewItem, *, waits: bool) -> None:
    palette = option.palette
    left, width = card.left() + PADDING, card.width() - 2 * PADDING
    small = _small(option.font)
    painter.setFont(small)
    metrics = painter.fontMetrics()
    top = _picture(card).bottom() + 8
    chosen = bool(option.state & QStyle.StateFlag.State_Selected)  # then the card is too dark for pale words
    painter.setPen(palette.color(Role.Text if chosen else Role.PlaceholderText))
    name = f"{entry.path.name} · edited" if entry.edited else entry.path.name
    line = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, width)
    painter.drawText(QRect(left, top, width, metrics.height()), Align.AlignLeft | Align.AlignVCenter, line)
    top += metrics.height() + 2
    text, role = caption(entry, waits=waits)
    painter.setFont(option.font)
    painter.setPen(palette.color(Role.Text if chosen and role == Role.PlaceholderText else role))
    height = painter.fontMetrics().lineSpacing()
    room = min(LINES, (card.bottom() - 6 - top) // height)
    for line in wrapped(text, option.font.toString(), width, room):
        painter.drawText(QRect(left, top, width, height), Align.AlignLeft | Align.AlignVCenter, line)
        top += height


def caption(entry: Entry, *, waits: bool) -> tuple[str, Role]:
    """What stands under the picture, and in which colour."""
    if waits:
        return "Waiting…", Role.PlaceholderText
    if entry.error:
        return entry.error, Role.BrightText
    if not entry.has_caption:
        return "No caption yet", Role.PlaceholderText
    return (entry.text, Role.Text) if entry.text else ("The model said nothing", Role.PlaceholderText)


@lru_cache(maxsize=512)
def wrapped(text: str, font: str, width: int, most: int) -> list[str]:
    """A text in lines of `width` pixels, the last of `most` elided. `font` as `QFont.toString` has it."""
    drawn = QFont()
    drawn.fromString(font)
    layout = QTextLayout(" ".join(text.split()), drawn)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    lines: list[str] = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        line.setPosition(QPointF(0, 0))
        begin = line.textStart()
        if len(lines) == most - 1:
            rest = layout.text()[begin:]
            lines.append(QFontMetrics(drawn).elidedText(rest, Qt.TextElideMode.ElideRight, width))
            break
        lines.append(layout.text()[begin : begin + line.textLength()])
    layout.endLayout()
    return lines


@lru_cache(maxsize=32)
def _icon(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    return pixmap(name, QColor(colour), size, ratio)


def _small(font: QFont) -> QFont:
    return sized(font, 0.85)
