"""A control for each kind of setting: it shows the value and says when the user chose another."""

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QWidget

from app.settings import Row
from app.shelf import default_name, set_default

Put = Callable[[Any], None]


def make_control(row: Row, value: Any, put: Put, models: list[str]) -> QWidget:
    """The control of a row, named, showing `value`; `put` gets what is chosen."""
    control = _MAKERS[row.kind](row, value, put, models)
    control.setAccessibleName(row.title)
    control.setAccessibleDescription(row.help)
    control.setToolTip(row.help or row.title)
    return control


def _switch(row: Row, value: Any, put: Put, models: list[str]) -> QWidget:
    box = QCheckBox(row.title)
    box.setChecked(value)
    box.toggled.connect(put)
    return box


def _choice(row: Row, value: Any, put: Put, models: list[str]) -> QWidget:
    return _combo(list(row.choices), value, put)


def _model(row: Row, value: Any, put: Put, models: list[str]) -> QWidget:
    def choose(name: str) -> None:
        set_default(name or None)
        put("")

    return _combo([("", "The best one here"), *((name, name) for name in models)], default_name() or "", choose)


def _combo(choices: list[tuple[Any, str]], value: Any, put: Put) -> QComboBox:
    box = QComboBox()
    for choice, title in choices:
        box.addItem(title, choice)
    box.setCurrentIndex(max(box.findData(value), 0))
    box.currentIndexChanged.connect(lambda place: put(box.itemData(place)))
    return box


def _number(row: Row, value: Any, put: Put, models: list[str]) -> QWidget:
    box: QSpinBox | QDoubleSpinBox
    if isinstance(row.default, int):
        box = QSpinBox()
        box.setRange(int(row.least), int(row.most))
        box.setSingleStep(int(row.step))
        box.setValue(int(value))
    else:
        box = QDoubleSpinBox()
        box.setRange(row.least, row.most)
        box.setSingleStep(row.step)
        box.setValue(value)
    box.setSuffix(row.unit)
    box.setKeyboardTracking(False)
    box.valueChanged.connect(put)
    return box


def _text(row: Row, value: Any, put: Put, models: list[str]) -> QWidget:
    line = QLineEdit(value)
    line.setPlaceholderText(row.default)
    line.setCursorPosition(0)
    line.editingFinished.connect(lambda: put(line.text().strip() or row.default))
    return line


_MAKERS: dict[str, Callable[[Row, Any, Put, list[str]], QWidget]] = {
    "switch": _switch,
    "choice": _choice,
    "model": _model,
    "number": _number,
    "text": _text,
}
