"""The line above a section: its own tools at the left, the model that answers at the right."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from app.desktop.model_choice import ModelChoice
from app.desktop.section import Section
from app.desktop.theme.icons import give_icon

LEAST_NAME = 12  # characters of the model's name, before the choices beside it lose their words
Style = Qt.ToolButtonStyle


class SectionToolbar(QToolBar):
    """Shows the tools of one section at a time."""

    def __init__(self, models: ModelChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Toolbar")
        self.setIconSize(QSize(20, 20))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._section: Section | None = None
        self._models = models
        self._gap = QWidget()
        self._gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._gap_action = self.addWidget(self._gap)
        self._model = QToolButton()
        self._model.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._model.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._model.setAccessibleName("Model")
        self._menu = QMenu(self._model)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._model.setMenu(self._menu)
        give_icon(self._model, "models")
        self._model_action = self.addWidget(self._model)
        models.changed.connect(self._show_model)
        self._show_model()

    def is_for(self, section: Section) -> bool:
        return self._section is section

    def show_tools_of(self, section: Section) -> None:
        if self._section is not None:
            for action in (*self._section.tools(), *self._section.choices()):
                self.removeAction(action)
        self._section = section
        for action in section.tools():
            self._insert(self._gap_action, action)
        for action in section.choices():
            self._insert(self._model_action, action)
        self._fit_tools()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_tools()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_tools()

    def _fit_tools(self) -> None:
        """Where there is no room for all of it, the tools are icons alone, then the model's name is cut in its middle,
        then the choices are icons, too. Tooltips have all of it.
        """
        if self._section is None:
            return
        tools, choices, name = self._section.tools(), self._section.choices(), self._model_words
        self._model.setText(name)
        for icons in ((), tools):
            self._show_words((*tools, *choices), but=icons)
            if self._excess() <= 0:
                return
        if self._cut_name() < LEAST_NAME:
            self._model.setText(name)
            self._show_words(choices, but=choices)
            self._cut_name()

    def _show_words(self, actions: Sequence[QAction], but: Sequence[QAction]) -> None:
        for action in actions:
            if isinstance(button := self.widgetForAction(action), QToolButton):
                button.setToolButtonStyle(Style.ToolButtonIconOnly if action in but else Style.ToolButtonTextBesideIcon)

    def _excess(self) -> int:
        """Pixels that there are too few."""
        if (layout := self.layout()) is not None:
            layout.invalidate()  # a button that is not shown yet does not say that its size is another
        return self.sizeHint().width() - self.width()

    def _cut_name(self) -> int:
        """Make the model's name fit; how many characters of it there is room for."""
        metrics, name = self._model.fontMetrics(), self._model_words
        room = metrics.horizontalAdvance(name) - max(self._excess(), 0)
        self._model.setText(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room))
        return room // metrics.averageCharWidth()

    def _insert(self, before: QAction, action: QAction) -> None:
        self.insertAction(before, action)
        button = self.widgetForAction(action)
        if isinstance(button, QToolButton):
            button.setAccessibleName(action.text())
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            if action.menu() is not None:
                button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def _show_model(self) -> None:
        self._model.setToolTip(f"The model that answers: {self._models.chosen.name}")
        self._model.setText(self._model_words)
        self._fit_tools()

    @property
    def _model_words(self) -> str:
        name = self._models.chosen.name.rpartition("/")[2]
        return f"{name} (loading…)" if self._models.is_loading else f"{name} ▾"

    def _fill_menu(self) -> None:
        self._menu.clear()
        group = QActionGroup(self._menu)
        for name in self._models.names():
            action = QAction(name, group, checkable=True, checked=name == self._models.chosen.name)
            action.triggered.connect(lambda _, name=name: self._models.choose(name))
            self._menu.addAction(action)
