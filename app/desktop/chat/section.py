"""The Chat section: the stage, the transcript below it, the composer at the bottom; before all that, how to begin."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QRectF, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QResizeEvent,
)
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.asking.tasks import Task, tasks
from app.conversation import Conversation, Medium
from app.desktop import intake
from app.desktop.announce import announce
from app.desktop.chat.answers import Answers
from app.desktop.chat.chat import Chat
from app.desktop.chat.composer import Composer
from app.desktop.chat.detail_menu import DetailMenu
from app.desktop.chat.empty_state import EmptyState
from app.desktop.chat.media_sources import MediaSources
from app.desktop.section import Section
from app.desktop.services import Services
from app.desktop.shown_medium import ShownMedium
from app.desktop.stage.stage import Stage
from app.shelf import EMBEDDED
from app.shelf.facts import suggested

ALT_TEXT_MODE = "Alt-text mode: paste, drop or open a picture"
WIDE = 1500  # pixels from which the stage stands beside the transcript


class ChatSection(Section):
    """Shows one chat at a time."""

    name = "chat"
    title = "Chat"
    chat_shown = Signal(object)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self.setAcceptDrops(True)
        self.stage = Stage()
        self.answers = Answers(services.settings, self)
        self.transcript = self.answers.transcript
        self.composer = Composer()
        self.empty = EmptyState()
        self.details = DetailMenu(self, services.settings["detail"])
        self.sources = MediaSources(services, self)
        self._talk = QSplitter(Qt.Orientation.Vertical)
        self._talk.addWidget(self.stage)
        self._talk.addWidget(self.transcript)
        self._talk.setChildrenCollapsible(False)
        self._talk.setHandleWidth(1)
        self._talk.setObjectName("chat_talk")
        self._talk.setSizes([330, 300])
        self._page: QWidget = self.empty
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._talk)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(self.composer)
        self._connect()
        self._editing: int | None = None
        self._open: dict[str, Chat] = {}
        self._awaited: str | None = None  # the conversation that the history is asked for
        self.chat = Chat(services)
        self.show_chat(self.chat)
        self.show_setting("alt_text_mode")
        self._show_model()

    def tools(self) -> Sequence[QAction]:
        return self.sources.actions

    def choices(self) -> Sequence[QAction]:
        return [self.details.action]

    def can_take(self, paths: Sequence[Path]) -> bool:
        return True

    def take(self, paths: Sequence[Path]) -> None:
        self.sources.take(paths)

    def takes_drop(self, mime: QMimeData) -> bool:
        return intake.can_take(mime)

    def light_up(self, on: bool) -> None:
        self.empty.light_up(on)

    def take_drop(self, mime: QMimeData) -> None:
        self.sources.take_mime(mime)

    def arrive(self) -> None:
        self.composer.edit.setFocus()

    def leave(self) -> None:
        self.sources.leave()

    def close_down(self) -> None:
        self.answers.speech.stop()
        self.sources.close_down()
        self.stage.close_down()
        for chat in self._open.values():
            chat.close_down()

    def new_chat(self) -> None:
        """Begin another conversation; what runs in this one goes on."""
        self.composer.clear()
        self.details.choose(self._services.settings["detail"])
        self.show_chat(Chat(self._services))
        self.composer.edit.setFocus()

    def open_conversation(self, key: str) -> None:
        """Show one of the history; one that still runs is taken up where it is."""
        if key in self._open:
            self.show_chat(self._open[key])
        else:
            self._awaited = key
            self._services.history.read(key, partial(self._show_conversation, key))

    def forget(self, key: str) -> None:
        """A conversation was thrown away."""
        if key == self._awaited:
            self._awaited = None
        if (chat := self._open.pop(key, None)) is not None:
            chat.let_go()
            if chat is self.chat:
                self.new_chat()

    def show_chat(self, chat: Chat) -> None:
        self.sources.leave()
        self._awaited = None
        self.chat.disconnect(self)
        for key, other in list(self._open.items()):
            if other is not chat and not other.is_running:
                del self._open[key]
                other.deleteLater()
        self._open[chat.conversation.id] = self.chat = chat
        chat.detail = self.details.detail
        chat.turn_added.connect(self._add_turn)
        chat.turn_changed.connect(self._change_turn)
        chat.settled.connect(self._settle)
        chat.cut.connect(self.transcript.keep)
        chat.running_changed.connect(self.composer.show_running)
        self.answers.show_chat(chat)
        self.composer.show_running(chat.is_running)
        self._show_stage()
        self.chat_shown.emit(chat)

    def show_setting(self, key: str) -> None:
        """A setting has another value now."""
        value = self._services.settings[key]
        if key == "alt_text_mode":
            self.composer.edit.setPlaceholderText(ALT_TEXT_MODE if value else "Ask about this…")
        elif key == "text_percent":
            self.answers.show_chat(self.chat)  # bubbles are as wide as their words
        elif key == "detail" and not self.chat.turns:
            self.details.choose(value)

    def ask_task(self, name: str) -> None:
        task = tasks()[name]
        media = self.composer.media
        about = media or self.chat.conversation.media
        if not about:
            self._services.status.say("Show a picture first: drop, paste or open one.")
            return
        self.composer.attachments.clear()
        self.chat.ask(self._words(task, about), tuple(media), task)

    def _words(self, task: Task, about: Sequence[Medium]) -> str:
        words: str = self._services.settings[f"prompt.{task.name}"]
        if words == task.question and task.clip_question and any(medium.is_clip for medium in about):
            return task.clip_question
        return words

    def _connect(self) -> None:
        self.sources.came.connect(self._attach)
        self.sources.too_many.connect(partial(self.files_wanted.emit, "folder"))
        self.sources.camera_opened.connect(self._show_camera)
        self.sources.camera_left.connect(self._show_talk)
        self.empty.open_wanted.connect(self.sources.choose_files)
        self.empty.paste_wanted.connect(self.sources.paste)
        self.empty.sample_chosen.connect(lambda path: self.take([path]))
        self.empty.model_wanted.connect(self._get_model)
        self.composer.asked.connect(self._ask)
        self.composer.task_chosen.connect(self.ask_task)
        self.composer.stop_wanted.connect(lambda: self.chat.stop())
        self.composer.media_pasted.connect(self.sources.take_mime)
        self.composer.attachments.changed.connect(self._show_stage)
        self.composer.attachments.looked_at.connect(self.stage.show_medium)
        self.transcript.edit_wanted.connect(self._edit)
        self.transcript.time_chosen.connect(self._show_time)
        self.stage.crop_wanted.connect(self._crop)
        self.stage.part_wanted.connect(self._choose_part)
        self.stage.failed.connect(self._services.status.say)
        self.details.chosen.connect(self._choose_detail)
        self._services.models.changed.connect(self._show_model)
        self._services.models.ready.connect(self._show_model)

    def _show_conversation(self, key: str, conversation: Conversation | None) -> None:
        """Unless another was opened, or this one thrown away, since it was asked for."""
        if conversation is not None and key == self._awaited:
            self.composer.clear()
            self.show_chat(Chat(self._services, conversation))

    def _attach(self, medium: ShownMedium) -> None:
        if self._services.settings["alt_text_mode"]:
            task = tasks()["alt"]
            self.chat.ask(self._words(task, [medium]), (medium,), task, alone=True)
            self.stage.show_medium(medium)
            return
        self.composer.attachments.add(medium)
        self.stage.show_medium(medium)
        announce(self, f"{medium.name} is ready to ask about.")
        self.composer.edit.setFocus()

    def _ask(self, words: str) -> None:
        media, editing = tuple(self.composer.media), self._editing
        self._editing = None
        self.composer.clear()
        if editing is not None and editing < len(self.chat.turns):
            self.chat.ask_again(editing, words)
        else:
            self.chat.ask(words, media)

    def _edit(self, place: int) -> None:
        self.composer.write(self.chat.turns[place].question)
        self._editing = place

    def _crop(self, medium: ShownMedium, part: QRectF) -> None:
        from app.desktop.stage.cropping import cropped

        self.sources.open(partial(cropped, medium, part))

    def _choose_part(self, clip: ShownMedium, part: ShownMedium) -> None:
        """The next question is about this part of a clip: in its place, or beside what was talked about before."""
        if not self.composer.attachments.replace(clip, part):
            self.composer.attachments.add(part)
        self.stage.show_medium(part)

    def _show_time(self, place: int, second: float) -> None:
        clip = self.chat.conversation.clip_at(place)
        if isinstance(clip, ShownMedium):
            self.stage.show_medium(clip)
            self.stage.show_time(second)

    def _choose_detail(self) -> None:
        self.chat.detail = self.details.detail
        self._show_model()

    def _add_turn(self, place: int) -> None:
        self.transcript.add(self.chat.conversation, place)
        self._show_stage()

    def _change_turn(self, place: int) -> None:
        self.transcript.change(place, self.chat.turns[place])

    def _settle(self, place: int) -> None:
        self.answers.tell(place)
        self._show_model()

    def _show_stage(self) -> None:
        """What is attached comes first, then what was shown last."""
        talked_of = [medium for medium in self.chat.conversation.media if isinstance(medium, ShownMedium)]
        shown = [*talked_of, *self.composer.media]
        begun = bool(shown or self.chat.turns)
        self._page = self._talk if begun else self.empty
        if self._stack.currentWidget() is not self.sources.camera:
            self._stack.setCurrentWidget(self._page)
        self.stage.setVisible(bool(shown))
        self.composer.suggestions.setEnabled(bool(shown))
        if shown and (self.stage.medium is None or self.stage.medium not in shown):
            self.stage.show_medium(shown[-1])
        elif not shown:
            self.stage.show_medium(None)

    def _show_camera(self) -> None:
        assert self.sources.camera is not None, "it is made before it is shown"
        self._stack.addWidget(self.sources.camera)
        self._stack.setCurrentWidget(self.sources.camera)
        self.composer.hide()

    def _show_talk(self) -> None:
        self._stack.setCurrentWidget(self._page)
        self.composer.show()
        self.composer.edit.setFocus()

    def _show_model(self) -> None:
        models = self._services.models
        self.empty.show_notice(models.chosen.notice, suggested() if models.chosen.name == EMBEDDED else None)
        self.stage.show_detail(self.details.detail, models.sight, models.pace)

    def _get_model(self, hub_id: str) -> None:
        self._services.models.wanted_download = hub_id
        self.section_wanted.emit("models")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = event.size().width() >= WIDE
        self._talk.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)
