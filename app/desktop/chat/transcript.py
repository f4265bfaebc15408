"""The turns of a conversation below each other, in a column that stays readable, following the newest words."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.conversation import Conversation, Turn
from app.desktop.chat.column import COLUMN
from app.desktop.chat.turn_view import TurnView
from app.desktop.scroll_area import ScrollArea

NEAR_END = 40


class Transcript(ScrollArea):
    """Shows turns. What the user wants done with one is said with its place."""

    copy_wanted = Signal(int, str)
    withdraw_wanted = Signal(int)
    again_wanted = Signal(int)
    edit_wanted = Signal(int)
    speak_wanted = Signal(int)
    time_chosen = Signal(int, float)

    def __init__(self, *, speaks: bool, parent: QWidget | None = None) -> None:
        super().__init__("Conversation", parent)
        self._speaks = speaks
        page, column = QWidget(), QWidget()
        page.setBackgroundRole(QPalette.ColorRole.Base)
        column.setMaximumWidth(COLUMN)
        self._column = QVBoxLayout(column)
        self._column.setContentsMargins(24, 16, 24, 16)
        self._column.setSpacing(12)
        self._column.addStretch(1)
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(column, 100)
        row.addStretch(1)
        self.setWidget(page)
        self._views: list[TurnView] = []
        self._follows = True
        self.verticalScrollBar().rangeChanged.connect(self._follow)
        self.verticalScrollBar().valueChanged.connect(self._notice_place)

    def show_conversation(self, conversation: Conversation) -> None:
        """Another conversation."""
        self.keep(0)
        for place in range(len(conversation.turns)):
            self.add(conversation, place)

    def add(self, conversation: Conversation, place: int) -> None:
        """The turn at `place`, which is the next one here."""
        clip = conversation.clip_at(place)
        clip_seconds = clip.span.duration if clip is not None and clip.span is not None else None
        view = TurnView(conversation.turns[place], clip_seconds, speaks=self._speaks)
        view.copy_wanted.connect(lambda form: self.copy_wanted.emit(place, form))
        view.withdraw_wanted.connect(lambda: self.withdraw_wanted.emit(place))
        view.again_wanted.connect(lambda: self.again_wanted.emit(place))
        view.edit_wanted.connect(lambda: self.edit_wanted.emit(place))
        view.speak_wanted.connect(lambda: self.speak_wanted.emit(place))
        view.time_chosen.connect(lambda second: self.time_chosen.emit(place, second))
        self._views.append(view)
        self._column.insertWidget(self._column.count() - 1, view)
        self._follows = True

    def change(self, place: int, turn: Turn) -> None:
        self._views[place].show_turn(turn)

    def keep(self, count: int) -> None:
        """The turns after the first `count` are gone."""
        for view in self._views[count:]:
            self._column.removeWidget(view)
            view.hide()
            view.deleteLater()
        del self._views[count:]

    def _follow(self, least: int, most: int) -> None:
        if self._follows:
            self.verticalScrollBar().setValue(most)

    def _notice_place(self, value: int) -> None:
        self._follows = value >= self.verticalScrollBar().maximum() - NEAR_END
