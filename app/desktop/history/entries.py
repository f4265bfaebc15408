"""The history's lines as Qt's model/view wants them, and how one looks: thumbnail, title, date."""

from datetime import datetime, timedelta
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QImage, QPainter, QPainterPath, QPalette, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.desktop.squares import square
from app.desktop.theme.icons import pixmap
from app.desktop.theme.text_size import sized
from app.history import Entry

ROW = 48
SIDE = 34
Index = QModelIndex | QPersistentModelIndex
Role = QPalette.ColorRole
NOWHERE = QModelIndex()


class Entries(QAbstractListModel):
    """`renamed`: the user gave an entry another title."""

    renamed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[Entry] = []

    def show_entries(self, entries: list[Entry]) -> None:
        if entries != self._entries:
            self.beginResetModel()
            self._entries = entries
            self.endResetModel()

    def entry(self, index: Index) -> Entry | None:
        return self._entries[index.row()] if index.isValid() and index.row() < len(self._entries) else None

    def place_of(self, key: str) -> QModelIndex:
        place = next((place for place, entry in enumerate(self._entries) if entry.id == key), -1)
        return self.index(place) if place >= 0 else QModelIndex()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entry(index)
        if entry is None:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return entry.title
            case Qt.ItemDataRole.ToolTipRole:
                return f"{entry.title}\n{date_words(entry.changed)}"
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{entry.title}, {date_words(entry.changed)}{', pinned' if entry.pinned else ''}"
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        entry, title = self.entry(index), " ".join(str(value).split())
        if entry is None or not title or title == entry.title:
            return False
        self.renamed.emit(entry.id, title)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable


class EntryDelegate(QStyledItemDelegate):
    """Draws an entry; its editor is a plain line over the title."""

    def __init__(self, model: Entries) -> None:
        super().__init__(model)
        self._model = model
        self._thumbnails: dict[tuple[str, float], QPixmap] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, max(ROW, _words_height(option.fontMetrics) + 12))

    def updateEditorGeometry(self, editor: Any, option: QStyleOptionViewItem, index: Index) -> None:
        editor.setGeometry(option.rect.adjusted(SIDE + 10, 8, -4, -8))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry = self._model.entry(index)
        if entry is None:
            return
        area, state = option.rect, option.state
        palette, widget = option.palette, option.widget
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(palette.color(Role.Midlight))
            painter.drawRoundedRect(QRectF(area).adjusted(0, 1, 0, -1), 6, 6)
        ratio = widget.devicePixelRatioF()
        x, y = area.x() + 6, area.y() + (area.height() - SIDE) // 2
        clip = QPainterPath()
        clip.addRoundedRect(QRectF(x, y, SIDE, SIDE), 5, 5)
        painter.setClipPath(clip)
        painter.drawPixmap(x, y, self._thumbnail(entry, ratio, palette))
        painter.setClipping(False)
        left = x + SIDE + 8
        room = area.right() - left - 6
        if entry.pinned:
            painter.drawPixmap(area.right() - 18, y, pixmap("pin", palette.color(Role.PlaceholderText), 14, ratio))
            room -= 16
        metrics = option.fontMetrics
        painter.setPen(palette.color(Role.WindowText))
        top = area.y() + (area.height() - max(SIDE, _words_height(metrics))) // 2
        painter.drawText(
            left, top + metrics.ascent(), metrics.elidedText(entry.title, Qt.TextElideMode.ElideRight, room)
        )
        painter.setFont(sized(painter.font(), 0.85))
        painter.setPen(palette.color(Role.PlaceholderText))
        painter.drawText(left, top + max(SIDE, _words_height(metrics)) - 3, date_words(entry.changed))
        painter.restore()

    def _thumbnail(self, entry: Entry, ratio: float, palette: QPalette) -> QPixmap:
        if entry.thumbnail is None:
            return pixmap("chat", palette.color(Role.PlaceholderText), SIDE, ratio)
        key = (str(entry.thumbnail), ratio)
        if key not in self._thumbnails:
            image = QImage()
            image.loadFromData(entry.thumbnail.read_bytes() if entry.thumbnail.is_file() else b"")
            self._thumbnails[key] = square(image, SIDE, ratio) if not image.isNull() else QPixmap()
        return self._thumbnails[key]


def _words_height(metrics: QFontMetrics) -> int:
    """A title over a date."""
    return round(metrics.lineSpacing() * 1.85)


def date_words(seconds: float) -> str:
    """ "14:05" today, "Yesterday", "Monday" within the week, else "3 Nov 2026"."""
    then, today = datetime.fromtimestamp(seconds), datetime.now().date()
    if then.date() == today:
        return f"{then:%H:%M}"
    if then.date() == today - timedelta(days=1):
        return "Yesterday"
    if today - timedelta(days=6) <= then.date() < today:
        return f"{then:%A}"
    return f"{then.day} {then:%b %Y}"
