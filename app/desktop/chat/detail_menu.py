"""How closely pictures are looked at: the choice in the toolbar, and what it is now."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from app.desktop.theme.icons import give_icon

if TYPE_CHECKING:
    from mlx_model.media.images import Detail

# The value, the title in the toolbar, what it means.
ROWS: "tuple[tuple[Detail, str, str], ...]" = (
    ("auto", "Auto", "As closely as the picture has pixels, and as the task needs"),
    ("low", "Low", "The whole in one tile: quick"),
    (2, "2 tiles", "The long edge in two tiles"),
    (3, "3 tiles", "The long edge in three tiles"),
    ("high", "High", "All that the model has: slow, for small print"),
)


class DetailMenu(QObject):
    """`action` opens the choice; `chosen` when it has changed."""

    chosen = Signal()

    def __init__(self, parent: QWidget, detail: "Detail") -> None:
        super().__init__(parent)
        self.detail: Detail = detail
        self.menu = QMenu(parent)
        self.menu.setToolTipsVisible(True)
        self.action = QAction("Detail", parent)
        self.action.setMenu(self.menu)
        self.action.setToolTip("How closely pictures are looked at")
        give_icon(self.action, "detail")
        group = QActionGroup(self)
        for detail, title, meaning in ROWS:
            row = QAction(f"{title}: {meaning[0].lower()}{meaning[1:]}", group, checkable=True)
            row.setChecked(detail == self.detail)
            row.triggered.connect(lambda _, detail=detail: self.choose(detail))
            self.menu.addAction(row)
        self._rows = dict(zip((detail for detail, _, _ in ROWS), group.actions(), strict=True))
        self._show()

    def choose(self, detail: "Detail") -> None:
        self.detail = detail
        self._rows[detail].setChecked(True)
        self._show()
        self.chosen.emit()

    def _show(self) -> None:
        title = next(title for detail, title, _ in ROWS if detail == self.detail)
        self.action.setText(f"Detail: {title} ▾")
