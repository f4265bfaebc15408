"""The grid: arrows go through it, Enter edits a caption, Space marks it as reviewed. 10,000 cost no more than a few."""

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QFrame, QListView, QWidget

from app.desktop.folder.grid_model import GridModel
from app.desktop.folder.tile import TileDelegate, cell_size

Hint = QAbstractItemDelegate.EndEditHint
STEPS = {Hint.EditNextItem: 1, Hint.EditPreviousItem: -1}


class Grid(QListView):
    """Says what is wanted of the chosen pictures."""

    review_wanted = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, model: GridModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setAccessibleName("Pictures and captions")
        self.setToolTip("Enter edits a caption, Space marks it as reviewed")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setModel(model)
        self._tiles = TileDelegate(model, self)
        self._tiles.put_off.connect(self.viewport().update)
        self.setItemDelegate(self._tiles)
        # Rows that wrap: the same look as icon mode, and 10,000 of them are laid out in a moment.
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)

    @property
    def chosen(self) -> list[int]:
        """The places of the chosen pictures, in their order."""
        selection = self.selectionModel().selection()
        parts = [selection.at(place) for place in range(selection.count())]
        rows = [row for part in parts for row in range(part.top(), part.bottom() + 1)]
        return [self._model.places[row] for row in sorted(rows)]

    def selectAll(self) -> None:
        """In one piece: Qt's own asks about each row several times."""
        if count := self._model.rowCount():
            everything = QItemSelection(self._model.index(0), self._model.index(count - 1))
            self.selectionModel().select(everything, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def choose_row(self, row: int) -> None:
        """Go to a row, or to the last one where there are fewer."""
        if count := self._model.rowCount():
            self.setCurrentIndex(self._model.index(min(max(row, 0), count - 1)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Cells fill the width; one pixel stays free, since the view breaks a row that is as wide as itself."""
        view = self.viewport().size()
        size = cell_size(view.width() - 1, self.font())
        self._tiles.most_held = (view.width() // size.width() + 1) * (view.height() // size.height() + 3)
        if size != self.gridSize():
            self._tiles.cell = size
            self.setGridSize(size)
            self.verticalScrollBar().setSingleStep(size.height() // 4)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.state() == QAbstractItemView.State.EditingState:
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.edit(self.currentIndex())
        elif event.key() == Qt.Key.Key_Space:
            self.review_wanted.emit()
        else:
            super().keyPressEvent(event)

    def closeEditor(self, editor: QWidget, hint: Hint) -> None:
        """Tab goes to the next in the list's order, at the end of a line of pictures as well."""
        super().closeEditor(editor, Hint.NoHint)
        if step := STEPS.get(hint):
            self.choose_row(self.currentIndex().row() + step)
            self.edit(self.currentIndex())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        where = self.visualRect(self.currentIndex()).center() if by_key else event.pos()
        if self.indexAt(where).isValid():
            self.menu_wanted.emit(self.viewport().mapToGlobal(where))
