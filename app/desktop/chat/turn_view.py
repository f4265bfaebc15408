"""One turn in the transcript: the question in a bubble at the right, the answer as text, its figures below."""

from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.answers import footer
from app.conversation import Turn
from app.desktop.card import Card
from app.desktop.chat.answer_text import AnswerText
from app.desktop.chat.copying import FORMS
from app.desktop.shown_medium import ShownMedium
from app.desktop.squares import square
from app.desktop.theme.icons import give_icon
from app.desktop.theme.text_size import sized

Role = QPalette.ColorRole
THUMBNAIL = 64
ACROSS = 8  # in a row: what the narrowest window has room for
ASK_WIDTH = 520


class TurnView(QWidget):
    """Shows a turn and says what the user wants done with it."""

    copy_wanted = Signal(str)
    withdraw_wanted = Signal()
    again_wanted = Signal()
    edit_wanted = Signal()
    speak_wanted = Signal()
    time_chosen = Signal(float)

    def __init__(self, turn: Turn, clip_seconds: float | None, *, speaks: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bubble = Card(Role.AlternateBase, radius=14)
        self._question = QLabel(turn.question)
        self._question.setTextFormat(Qt.TextFormat.PlainText)
        self._question.setWordWrap(True)
        self._question.setAccessibleName(f"You asked: {turn.question}")
        flags = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        self._question.setTextInteractionFlags(flags)
        edit = _tool("edit", "Edit and ask again", self.edit_wanted)
        asked = QHBoxLayout()
        asked.addStretch(1)
        asked.addWidget(edit, 0, Qt.AlignmentFlag.AlignBottom)
        asked.addWidget(self._bubble)
        inside = QVBoxLayout(self._bubble)
        inside.setContentsMargins(14, 9, 14, 9)
        inside.setSpacing(8)
        inside.addWidget(self._question)
        self._bubble.setMaximumWidth(ASK_WIDTH)
        self._fit_question()

        self._answer = AnswerText("Answer", clip_seconds)
        self._answer.time_chosen.connect(self.time_chosen)
        self._progress = _small_label("Progress")
        self._withdraw = _tool("close", "Take this question back", self.withdraw_wanted)
        self._mark = _small_label("Remark")
        self._facts = _small_label("Figures")
        self._tools = [
            self._copy_tool(),
            _tool("again", "Answer again", self.again_wanted),
        ]
        if speaks:
            self._tools.insert(1, _tool("speak", "Speak answer", self.speak_wanted))
        footer = QHBoxLayout()
        footer.setContentsMargins(-5, 0, 0, 0)  # so that the first icon stands below the first letter
        footer.setSpacing(2)
        for tool in self._tools:
            footer.addWidget(tool)
        footer.addSpacing(6)
        footer.addWidget(self._facts, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 6)
        column.setSpacing(6)
        if turn.media:
            column.addLayout(_thumbnails(turn))
        column.addLayout(asked)
        column.addSpacing(4)
        waiting = QHBoxLayout()
        waiting.addWidget(self._withdraw)
        waiting.addWidget(self._progress, 1)
        column.addLayout(waiting)
        column.addWidget(self._answer)
        column.addWidget(self._mark)
        column.addLayout(footer)
        self.show_turn(turn)

    def show_turn(self, turn: Turn) -> None:
        """Show what has become of it."""
        self._answer.setVisible(bool(turn.answer))
        self._answer.show_markdown(turn.answer, whole=not turn.is_open)
        progress = "Waits for its turn" if turn.state == "waiting" else turn.progress
        self._progress.setText(f"{progress}…" if progress else "")
        self._progress.setVisible(bool(progress))
        self._withdraw.setVisible(turn.state == "waiting")
        mark = turn.remark or (footer.mark(turn.record) if turn.record else "")
        if turn.state == "stopped" and not mark:
            mark = "Stopped."
        self._mark.setText(mark)
        self._mark.setVisible(bool(mark))
        self._facts.setText(footer.facts(turn.record) if turn.record else "")
        for tool in self._tools:
            tool.setVisible(not turn.is_open)
        self._answer.setAccessibleDescription(turn.answer if not turn.is_open else "")

    def _copy_tool(self) -> QToolButton:
        """A click copies the text, holding it down offers the other forms."""
        tool = _tool("copy", "Copy answer", lambda: self.copy_wanted.emit("text"))
        menu = QMenu(tool)
        for name, form in FORMS.items():
            menu.addAction(form.title).triggered.connect(partial(self.copy_wanted.emit, name))
        tool.setMenu(menu)
        tool.setPopupMode(QToolButton.ToolButtonPopupMode.DelayedPopup)
        tool.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tool.customContextMenuRequested.connect(lambda where: menu.popup(tool.mapToGlobal(where)))
        return tool

    def _fit_question(self) -> None:
        """As wide as the words need: a label that wraps would take half of that."""
        widest = max(self._question.fontMetrics().horizontalAdvance(line) for line in self._question.text().split("\n"))
        self._question.setMinimumWidth(min(widest + 4, ASK_WIDTH - 28))


def _thumbnails(turn: Turn) -> QGridLayout:
    """At the right, in as many rows as it takes."""
    grid = QGridLayout()
    grid.setSpacing(6)
    grid.setColumnStretch(0, 1)
    shown = [medium for medium in turn.media if isinstance(medium, ShownMedium)]
    across = min(len(shown), ACROSS)
    for place, medium in enumerate(shown):
        picture = QLabel()
        picture.setAccessibleName(f"Shown: {medium.label}")
        picture.setToolTip(medium.label)
        picture.setPixmap(square(medium.thumbnail, THUMBNAIL, picture.devicePixelRatioF()))
        grid.addWidget(picture, place // across, 1 + place % across)
    return grid


def _small_label(name: str) -> QLabel:
    label = QLabel()
    label.setAccessibleName(name)
    label.setForegroundRole(Role.PlaceholderText)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.setFont(sized(label.font(), 0.9))
    return label


def _tool(name: str, title: str, wanted: object) -> QToolButton:
    tool = QToolButton()
    tool.setAutoRaise(True)
    tool.setIconSize(QSize(16, 16))
    tool.setAccessibleName(title)
    tool.setToolTip(title)
    tool.clicked.connect(wanted)
    give_icon(tool, name, Role.PlaceholderText)
    return tool
