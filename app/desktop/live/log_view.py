"""The log as a list: a thumbnail, the time and the words of each entry. Thousands of rows cost no more than few."""

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QImage, QPainter, QPalette
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.desktop.theme.text_size import sized
from app.live.log import Entry, LiveLog

ENTRY = Qt.ItemDataRole.UserRole
PICTURE, MARGIN = QSize(80, 48), 8  # pixels
SMALL = 0.9  # the size of the time, of the words'
Index = QModelIndex | QPersistentModelIndex
Role = QPalette.ColorRole


class LogModel(QAbstractListModel):
    """The newest entry comes first."""

    def __init__(self, log: LiveLog) -> None:
        super().__init__()
        self._log = log

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return 0 if parent.isValid() else len(self._log.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self._log.entries[-1 - index.row()]
        if role == ENTRY:
            return entry
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.text
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{entry.clock} {words(entry)}"
        return None

    def add(self, entry: Entry) -> None:
        self.beginInsertRows(QModelIndex(), 0, 0)
        self._log.add(entry)
        self.endInsertRows()
        if self._log.is_over_full:
            last = len(self._log.entries) - 1
            self.beginRemoveRows(QModelIndex(), last, last)
            self._log.drop_oldest()
            self.endRemoveRows()

    def clear(self) -> None:
        self.beginResetModel()
        self._log.clear()
        self.endResetModel()


class _Row(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, max(PICTURE.height() + 12, _words_height(option) + 2 * MARGIN))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry = index.data(ENTRY)
        rect, palette = option.rect, option.palette
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen:
            painter.fillRect(rect, palette.color(Role.Highlight))
        image = QImage.fromData(entry.thumbnail)
        place = QRect(
            rect.x() + 16, rect.y() + (rect.height() - PICTURE.height()) // 2, PICTURE.width(), PICTURE.height()
        )
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        scaled = image.size().scaled(PICTURE, Qt.AspectRatioMode.KeepAspectRatio)
        shown = QRect(0, 0, scaled.width(), scaled.height())
        shown.moveCenter(place.center())
        shown.moveLeft(place.left())
        painter.drawImage(shown, image)
        left = place.right() + 12
        text = QRect(left, rect.y() + MARGIN, rect.right() - left - 16, rect.height() - 2 * MARGIN)
        painter.setFont(sized(option.font, SMALL))
        painter.setPen(palette.color(Role.HighlightedText if chosen else Role.PlaceholderText))
        time = f"{entry.clock} · {entry.seconds:.1f} s after the frame"
        line = painter.fontMetrics().elidedText(time, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignTop, line)
        font = QFont(option.font)
        font.setBold(entry.kind == "told")
        painter.setFont(font)
        painter.setPen(palette.color(Role.HighlightedText if chosen else Role.Text))
        line = painter.fontMetrics().elidedText(words(entry), Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignBottom, line)
        painter.restore()


def _words_height(option: QStyleOptionViewItem) -> int:
    """The time over the words."""
    return round(option.fontMetrics.lineSpacing() * (1 + SMALL))


def words(entry: Entry) -> str:
    """What a row says, on one line."""
    line = " ".join(entry.text.split())
    return line if entry.kind == "caption" else f"Told you: {line}"


class LogView(QListView):
    """A list to read; arrows go through it."""

    def __init__(self, model: LogModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Log")
        self.setToolTip("What was seen, the newest first")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(_Row(self))
        self.setModel(model)
