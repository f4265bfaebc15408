"""What a conversion asks: bits, group size, the new model's name. Shown in the model's own row."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from app.shelf import converted_folder, models_folder
from app.shelf.inventory import Entry
from app.shelf.packing import BITS, GROUP_SIZES, Wish


class ConvertForm(QWidget):
    """`wanted` brings a Wish."""

    wanted = Signal(object)
    closed = Signal()

    def __init__(self, entry: Entry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entry = entry
        self.bits = _choice("Bits of the decoder's weights", BITS, 4)
        self.group_size = _choice("Weights that share a scale", GROUP_SIZES, 64)
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the new model")
        self.name.setToolTip("Name of the new model")
        convert, keep = QPushButton("Convert"), QPushButton("Cancel")
        convert.setToolTip("Write the new model beside this one")
        keep.setToolTip("Leave it as it is")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 0)
        for title, field in (("Bits", self.bits), ("Group", self.group_size), ("Name", self.name)):
            label = QLabel(title)
            label.setBuddy(field)
            row.addWidget(label)
            row.addWidget(field, 1 if field is self.name else 0)
        for button in (convert, keep):
            button.setAccessibleName(button.text())
            row.addWidget(button)
        self.bits.currentIndexChanged.connect(self._suggest)
        self.name.returnPressed.connect(self._want)
        convert.clicked.connect(self._want)
        keep.clicked.connect(self.closed)
        self._suggest()

    def _suggest(self) -> None:
        bits = int(self.bits.currentText())
        self.group_size.setEnabled(bits < 16)
        self.name.setText(converted_folder(self._entry.name, bits).relative_to(models_folder()).as_posix())

    def _want(self) -> None:
        assert self._entry.folder is not None, "offered for models that are here"
        bits, group_size = int(self.bits.currentText()), int(self.group_size.currentText())
        self.wanted.emit(Wish(self._entry.folder, self.name.text(), bits, group_size))


def _choice(name: str, values: tuple[int, ...], chosen: int) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(name)
    box.addItems([str(value) for value in values])
    box.setCurrentText(str(chosen))
    return box
