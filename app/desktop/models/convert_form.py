"""What a conversion asks: the recipe's options and the new model's name. Shown in the model's own row."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.desktop.flow_layout import FlowLayout
from app.shelf import converted_folder, models_folder
from app.shelf.inventory import Entry
from app.shelf.packing import BITS, GROUP_SIZES, MIXES, ROUNDINGS, UNPACKED_BITS, Wish


class ConvertForm(QWidget):
    """`wanted` brings a Wish."""

    wanted = Signal(object)
    closed = Signal()

    def __init__(self, entry: Entry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entry = entry
        assert entry.folder is not None, "offered for models that are here"
        usual = self._usual = Wish(entry.folder, "")
        self.bits = _choice("Bits of the decoder's weights", BITS, usual.bits)
        self.mix = _choice("Bits of the most sensitive layers: mixed gives them two more", MIXES, usual.mix)
        self.group_size = _choice("Weights that share a scale", GROUP_SIZES, usual.group_size)
        self.rounding = _choice(
            "How numbers get onto the grid: auto learns it where that takes minutes", ROUNDINGS, usual.rounding
        )
        self.check = QCheckBox("Hold it to its source")
        self.check.setAccessibleName("Hold the result to its source before it appears")
        self.check.setToolTip("Compare both over pictures and texts before the new model appears; takes a while")
        self.check.setChecked(usual.check)
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the new model")
        self.name.setToolTip("Name of the new model")
        convert, keep = QPushButton("Convert"), QPushButton("Cancel")
        convert.setToolTip("Write the new model beside this one")
        keep.setToolTip("Leave it as it is")
        options = QWidget()
        flow = FlowLayout(options, 10)
        for title, field in (
            ("Bits", self.bits),
            ("Mix", self.mix),
            ("Group", self.group_size),
            ("Rounding", self.rounding),
        ):
            flow.addWidget(_titled(title, field))
        flow.addWidget(self.check)
        last = QHBoxLayout()
        last.addWidget(_titled("Name", self.name), 1)
        for button in (convert, keep):
            button.setAccessibleName(button.text())
            last.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(options)
        column.addLayout(last)
        self.bits.currentIndexChanged.connect(self._suggest)
        self.name.returnPressed.connect(self._want)
        convert.clicked.connect(self._want)
        keep.clicked.connect(self.closed)
        self._suggest()

    def _suggest(self) -> None:
        bits = self.bits.currentData()
        for box in (self.mix, self.group_size, self.rounding):
            box.setEnabled(bits < UNPACKED_BITS)
        self.name.setText(converted_folder(self._entry.name, bits).relative_to(models_folder()).as_posix())

    def _want(self) -> None:
        self.wanted.emit(
            Wish(
                self._usual.source,
                self.name.text(),
                self.bits.currentData(),
                self.group_size.currentData(),
                self.mix.currentData(),
                self.rounding.currentData(),
                self.check.isChecked(),
            )
        )


def _titled(title: str, field: QWidget) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    label = QLabel(title)
    label.setBuddy(field)
    row.addWidget(label)
    row.addWidget(field, 1 if isinstance(field, QLineEdit) else 0)
    return box


def _choice(name: str, values: Sequence[int | str], chosen: int | str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(name)
    for value in values:
        box.addItem(str(value), value)
    box.setCurrentIndex(box.findData(chosen))
    return box
