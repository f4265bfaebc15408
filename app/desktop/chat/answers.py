"""What becomes of an answer: it is announced when it is there, copied, spoken, asked for again."""

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QGuiApplication

from app.desktop.announce import announce
from app.desktop.chat.chat import Chat
from app.desktop.chat.copying import FORMS, as_plain
from app.desktop.chat.speech import Speech
from app.desktop.chat.transcript import Transcript
from app.settings import Settings


class Answers(QObject):
    """Of the chat that is shown."""

    def __init__(self, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings
        self.speech = Speech(self)
        self.transcript = Transcript(speaks=self.speech.is_possible)
        self.transcript.again_wanted.connect(lambda place: self._chat.ask_again(place))
        self.transcript.withdraw_wanted.connect(lambda place: self._chat.withdraw(place))
        self.transcript.copy_wanted.connect(self.copy)
        self.transcript.speak_wanted.connect(self.speak)
        self._chat: Chat

    def show_chat(self, chat: Chat) -> None:
        self._chat = chat
        self.transcript.show_conversation(chat.conversation)

    def again(self) -> None:
        """The last one."""
        if self._chat.turns:
            self._chat.ask_again(len(self._chat.turns) - 1)

    def copy(self, place: int, form: str) -> None:
        QGuiApplication.clipboard().setText(FORMS[form].make(self._chat.turns[place].answer))
        announce(self.transcript, "Copied.")

    def copy_last(self, form: str = "text") -> None:
        if self._chat.turns:
            self.copy(len(self._chat.turns) - 1, form)

    def speak(self, place: int) -> None:
        self.speech.say(as_plain(self._chat.turns[place].answer))

    def speak_last(self) -> None:
        if self._chat.turns:
            self.speak(len(self._chat.turns) - 1)

    def tell(self, place: int) -> None:
        """It has ended: say so to whoever does not see it."""
        turn = self._chat.turns[place]
        announce(self.transcript, turn.answer or turn.remark)
        # Where a screen reader runs it says what is announced, and two voices would be one too many.
        mode = self._settings["alt_text_mode"] and not QAccessible.isActive()
        if self._settings["speak"] or mode:
            self.speak(place)
