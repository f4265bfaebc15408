"""How closely pictures are looked at: the choice in the toolbar, and what it is now."""

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from app.desktop.choice_menu import ChoiceMenu

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


class DetailMenu(ChoiceMenu["Detail"]):
    """`chosen` when `detail` has changed."""

    def __init__(self, parent: QWidget, detail: "Detail") -> None:
        super().__init__(parent, "Detail", "How closely pictures are looked at", "detail", ROWS, detail)

    @property
    def detail(self) -> "Detail":
        return self.value
