"""The picture that the talk is about, over a line with its size, its tiles at the chosen detail and what they cost."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.desktop.model_choice import Sight
from app.desktop.shown_medium import ShownMedium
from app.desktop.stage.cost import Cost, cost_of
from app.desktop.stage.picture_view import Hand, PictureView
from app.desktop.theme.icons import give_icon
from app.pace import Pace

if TYPE_CHECKING:
    from mlx_model.media.images import Detail

Role = QPalette.ColorRole


class Stage(QWidget):
    """Shows one medium. `crop_wanted` is a part of it that the user wants to ask about, 0 to 1 on both axes."""

    crop_wanted = Signal(object, QRectF)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(Role.Window)
        self.medium: ShownMedium | None = None
        self._detail: Detail = "auto"
        self._sight: Sight | None = None
        self._pace = Pace()
        self.view = PictureView()
        self.view.cut.connect(self._crop)
        self._caption = QLabel()
        self._caption.setAccessibleName("Size and tiles")
        self._caption.setForegroundRole(Role.PlaceholderText)
        self._caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.grid = self._tool("grid", "Show the tiles that the model sees", checkable=True)
        self.grid.setChecked(True)
        self.grid.toggled.connect(self._show_cost)
        self.crop = self._tool("crop", "Ask about a part: drag a rectangle", checkable=True)
        self.crop.toggled.connect(lambda on: self.view.take_hand(Hand.CUTS if on else Hand.PANS))
        zooms = (
            self._tool("zoom-out", "Zoom out", self.view.zoom_out),
            self._tool("zoom-in", "Zoom in", self.view.zoom_in),
            self._tool("fit", "Fit", self.view.fit),
        )
        bar = QHBoxLayout()
        bar.setContentsMargins(16, 4, 12, 6)
        bar.setSpacing(2)
        bar.addWidget(self._caption, 1)
        for tool in (self.crop, self.grid, *zooms):
            bar.addWidget(tool)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view, 1)
        column.addLayout(bar)

    def show_medium(self, medium: ShownMedium | None) -> None:
        if medium is self.medium:
            return
        self.medium = medium
        self.crop.setChecked(False)
        self.crop.setEnabled(medium is not None and not medium.is_clip)
        if medium is not None:
            self.view.setAccessibleName(f"Picture: {medium.name}")
            self.view.show_image(medium.picture)
        self._show_cost()

    def show_detail(self, detail: "Detail", sight: Sight | None, pace: Pace) -> None:
        """What the model would see of it, and how long that would take."""
        self._detail, self._sight, self._pace = detail, sight, pace
        self._show_cost()

    def _show_cost(self) -> None:
        if self.medium is None:
            self._caption.clear()
            return
        cost = cost_of(self.medium, self._detail, self._sight) or Cost(0, 0, 0, 0)
        tiles = (cost.rows, cost.cols) if self.grid.isChecked() else (0, 0)
        self.view.show_tiles(*tiles)
        size = f"{self.medium.picture.width():,} × {self.medium.picture.height():,}"
        self._caption.setText("  ·  ".join(filter(None, (self.medium.name, size, cost.words, self._wait(cost)))))
        self._caption.setToolTip(self._caption.text())

    def _wait(self, cost: Cost) -> str:
        seconds = self._pace.predict(cost.tiles, cost.tokens) if cost.tiles else None
        return "" if seconds is None else f"about {seconds:.1f} s to look"

    def _crop(self, part: QRectF) -> None:
        self.crop.setChecked(False)
        self.crop_wanted.emit(self.medium, part)

    def _tool(self, name: str, title: str, pressed: object = None, *, checkable: bool = False) -> QToolButton:
        tool = QToolButton()
        tool.setAutoRaise(True)
        tool.setCheckable(checkable)
        tool.setIconSize(QSize(18, 18))
        tool.setAccessibleName(title)
        tool.setToolTip(title)
        tool.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if pressed is not None:
            tool.clicked.connect(pressed)
        give_icon(tool, name)
        return tool
