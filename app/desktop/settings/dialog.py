"""The settings: a page a group, a control a row, kept at once. What it means is for `applying.py`."""

from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QStyle,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.desktop.services import Services
from app.desktop.settings.controls import make_control
from app.settings import Row, rows
from app.shelf import EMBEDDED, list_converted

NAME = "settings"
EXPLANATION = 58  # characters
ROOM = 0.85  # of the screen's height, at most
SMALLEST = 560  # pixels
NARROW = (QComboBox, QAbstractSpinBox, QCheckBox)


class SettingsDialog(QDialog):
    """`chosen` names a setting that has another value now."""

    chosen = Signal(str)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(NAME)
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._services = services
        self._inner: list[QWidget] = []
        self.pages = QTabWidget()
        self.pages.setAccessibleName("Groups of settings")
        self.pages.setDocumentMode(True)
        for group, members in groupby(rows().values(), key=lambda row: row.group):
            self._inner.append(self._page(group, list(members)))
            self.pages.addTab(_scrolled(self._inner[-1], group), group)
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 12)
        column.addWidget(self.pages, 1)
        column.addWidget(self._problem)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """As large as the largest page, where the screen has room for that."""
        hints = [page.sizeHint() for page in self._inner]
        around = self.pages.tabBar().sizeHint().height() + 40
        most = self.screen().availableSize() * ROOM
        width = max(hint.width() for hint in hints) + self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        height = max(hint.height() for hint in hints) + around
        self.resize(min(max(width, SMALLEST), most.width()), min(height, most.height()))

    def _page(self, group: str, members: list[Row]) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(24, 18, 24, 12)
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(14)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        for row in members:
            control = make_control(
                row, self._services.settings[row.key], partial(self._put, row.key), [*list_converted(), EMBEDDED]
            )
            control.setObjectName(row.key)
            form.addRow("" if row.kind == "switch" else f"{row.title}:", _explained(control, row.help))
        if group == "Privacy":
            form.addRow("", _button_row("Delete the whole history…", self._delete_all))
        elif group == "Prompts":
            form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
            form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
            form.setVerticalSpacing(6)
            form.addRow("", _button_row("Restore the original wordings", partial(self._restore, page, members)))
        return page

    def _restore(self, page: QWidget, members: list[Row]) -> None:
        for row in members:
            if (line := page.findChild(QLineEdit, row.key)) is not None:
                line.setText(row.default)
        self._services.settings.reset([row.key for row in members])

    def _delete_all(self) -> None:
        question = "Delete every chat of the history, with its pictures, for good?"
        if QMessageBox.question(self, "Delete the history", question) == QMessageBox.StandardButton.Yes:
            self._services.history.delete_all()

    def _put(self, key: str, value: Any) -> None:
        try:
            self._services.settings.put(key, value)
            self._problem.hide()
        except (ValueError, OSError) as error:
            self._problem.setText(f"This could not be kept: {error}")
            self._problem.show()
            return
        self.chosen.emit(key)


def _scrolled(page: QWidget, group: str) -> QScrollArea:
    area = QScrollArea()
    area.setObjectName("plain")
    area.setAccessibleName(group)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(page)
    return area


def _button_row(title: str, pressed: Callable[[], None]) -> QWidget:
    button = QPushButton(title)
    button.setAccessibleName(title.rstrip("…"))
    button.clicked.connect(lambda: pressed())
    line, row = QWidget(), QHBoxLayout()
    line.setLayout(row)
    row.setContentsMargins(0, 8, 0, 0)
    row.addWidget(button)
    row.addStretch(1)
    return line


class Explanation(QLabel):
    """Words that wrap, as high as they need: a form's rows do not ask for that."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setWordWrap(True)
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        width = self.fontMetrics().averageCharWidth() * EXPLANATION
        self.setFixedSize(width, self.heightForWidth(width))


def _explained(control: QWidget, text: str) -> QWidget:
    """A control with what it means close below it."""
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(3)
    column.addWidget(control, 0, Qt.AlignmentFlag.AlignLeft if isinstance(control, NARROW) else Qt.AlignmentFlag(0))
    if text:
        column.addWidget(Explanation(text))
    return box


def show_settings(window: QWidget) -> SettingsDialog:
    """Open the dialog over a window that has services, or bring the open one to the front."""
    dialog = window.findChild(SettingsDialog, NAME)
    if dialog is None:
        dialog = SettingsDialog(window.services, window)  # type: ignore[attr-defined]
        dialog.chosen.connect(window.setting_chosen)  # type: ignore[attr-defined]
    dialog.show()
    dialog.raise_()
    return dialog
