"""What the next question will be about, as a row of thumbnails: taken away with a click, reordered by drag or key."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QWidget

from app.desktop.chat.thumbnail import SIDE, Thumbnail
from app.desktop.shown_medium import ShownMedium


class Attachments(QScrollArea):
    """Holds media in the user's order, and scrolls where there are more than fit.

    `changed` after each change, `looked_at` with the one that was clicked, `emptied` when the last was taken away.
    """

    changed = Signal()
    looked_at = Signal(object)
    emptied = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails: list[Thumbnail] = []
        self.setObjectName("plain")
        self.setAccessibleName("What the question is about")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        page = QWidget()
        self._row = QHBoxLayout(page)
        self._row.setContentsMargins(0, 4, 0, 0)
        self._row.setSpacing(8)
        self._row.addStretch(1)
        self.setWidget(page)
        page.setAutoFillBackground(False)
        self._newest: Thumbnail | None = None
        self.horizontalScrollBar().rangeChanged.connect(self._follow)
        self.hide()

    @property
    def media(self) -> tuple[ShownMedium, ...]:
        return tuple(thumbnail.medium for thumbnail in self._thumbnails)

    def add(self, medium: ShownMedium) -> None:
        thumbnail = Thumbnail(medium)
        thumbnail.removed.connect(self._remove)
        thumbnail.moved.connect(self._move)
        thumbnail.dragged_to.connect(self._drag)
        thumbnail.clicked.connect(self._look)
        self._thumbnails.append(thumbnail)
        self._arrange()
        thumbnail.show()  # now, and not with the next event: the keys may go on to it
        self._reveal(thumbnail)

    def replace(self, old: ShownMedium, new: ShownMedium) -> bool:
        """Ask about `new` where it was `old`; False where that is not among them."""
        for thumbnail in self._thumbnails:
            if thumbnail.medium is old:
                thumbnail.show_medium(new)
                self.changed.emit()
                return True
        return False

    def clear(self) -> None:
        for thumbnail in self._thumbnails:
            self._drop(thumbnail)
        self._thumbnails.clear()
        self._arrange()

    def _look(self) -> None:
        sender = self.sender()
        if isinstance(sender, Thumbnail):
            self.looked_at.emit(sender.medium)

    def _remove(self, thumbnail: Thumbnail) -> None:
        """The keys go on with its neighbour."""
        place, had_keys = self._thumbnails.index(thumbnail), thumbnail.hasFocus()
        self._thumbnails.remove(thumbnail)
        self._drop(thumbnail)
        self._arrange()
        if had_keys and self._thumbnails:
            self._thumbnails[min(place, len(self._thumbnails) - 1)].setFocus()
        elif not self._thumbnails:
            self.emptied.emit()

    def _move(self, thumbnail: Thumbnail, steps: int) -> None:
        place = self._thumbnails.index(thumbnail)
        new = min(max(place + steps, 0), len(self._thumbnails) - 1)
        if new != place:
            self._thumbnails.insert(new, self._thumbnails.pop(place))
            self._arrange()
            self._reveal(thumbnail)

    def _drag(self, thumbnail: Thumbnail, x: int) -> None:
        """The pointer holds it at `x`: it goes where that is among its neighbours."""
        step = SIDE + self._row.spacing()
        self._move(thumbnail, min(max(x // step, 0), len(self._thumbnails) - 1) - self._thumbnails.index(thumbnail))

    def _drop(self, thumbnail: Thumbnail) -> None:
        self._row.removeWidget(thumbnail)
        thumbnail.hide()
        thumbnail.deleteLater()

    def _arrange(self) -> None:
        for place, thumbnail in enumerate(self._thumbnails):
            self._row.removeWidget(thumbnail)
            self._row.insertWidget(place, thumbnail)
        self.setVisible(bool(self._thumbnails))
        self._fit()
        self.changed.emit()

    def _reveal(self, thumbnail: Thumbnail) -> None:
        """At once, and again when the row has the width for it."""
        self._newest = thumbnail
        self.ensureWidgetVisible(thumbnail, SIDE, 0)

    def _follow(self) -> None:
        if self._newest in self._thumbnails and self._newest is not None:
            self.ensureWidgetVisible(self._newest, SIDE, 0)

    def _fit(self) -> None:
        """As high as the row, and its scroll bar where it needs one."""
        needs = len(self._thumbnails) * (SIDE + self._row.spacing()) > self.viewport().width()
        self.setFixedHeight(SIDE + 4 + (self.horizontalScrollBar().sizeHint().height() if needs else 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
