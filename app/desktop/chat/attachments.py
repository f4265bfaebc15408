"""What the next question will be about, as a row of thumbnails: taken away with a click, reordered by drag or key."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.desktop.chat.thumbnail import SIDE, Thumbnail
from app.desktop.shown_medium import ShownMedium


class Attachments(QWidget):
    """Holds media in the user's order. `changed` after each change, `looked_at` with the one that was clicked."""

    changed = Signal()
    looked_at = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._thumbnails: list[Thumbnail] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 4, 0, 0)
        self._row.setSpacing(8)
        self._row.addStretch(1)
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
        self._thumbnails.remove(thumbnail)
        self._drop(thumbnail)
        self._arrange()

    def _move(self, thumbnail: Thumbnail, steps: int) -> None:
        place = self._thumbnails.index(thumbnail)
        new = min(max(place + steps, 0), len(self._thumbnails) - 1)
        if new != place:
            self._thumbnails.insert(new, self._thumbnails.pop(place))
            self._arrange()

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
        self.changed.emit()
