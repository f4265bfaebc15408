"""The line above a section: its own tools at the left, the model that answers at the right."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from app.desktop.model_choice import ModelChoice
from app.desktop.section import Section
from app.desktop.theme.icons import give_icon


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
        self._model.setToolTip("The model that answers")
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

    def _fit_tools(self) -> None:
        """Where there is no room for all of it, the tools are icons alone; their tooltips say what they are."""
        if self._section is None:
            return
        buttons = [self.widgetForAction(action) for action in self._section.tools()]
        for style in (Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly):
            for button in buttons:
                if isinstance(button, QToolButton):
                    button.setToolButtonStyle(style)
            if self.sizeHint().width() <= self.width():
                return

    def _insert(self, before: QAction, action: QAction) -> None:
        self.insertAction(before, action)
        button = self.widgetForAction(action)
        if isinstance(button, QToolButton):
            button.setAccessibleName(action.text())
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            if action.menu() is not None:
                button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def _show_model(self) -> None:
        name = self._models.chosen.name.rpartition("/")[2]
        self._model.setText(f"{name} (loading…)" if self._models.is_loading else f"{name} ▾")
        self._fit_tools()

    def _fill_menu(self) -> None:
        self._menu.clear()
        group = QActionGroup(self._menu)
        for name in self._models.names():
            action = QAction(name, group, checkable=True, checked=name == self._models.chosen.name)
            action.triggered.connect(lambda _, name=name: self._models.choose(name))
            self._menu.addAction(action)
