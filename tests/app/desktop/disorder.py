"""Everything that can be done in a window at any moment, as calls without arguments, and what must then be so.

What was asked and answered is noted beside the history, so that the two can be compared when the window has closed.
"""

import gc
import random
import threading
from collections.abc import Callable
from pathlib import Path

import shiboken6
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QDialog

from app.conversation import Conversation
from app.desktop.chat.chat import Chat
from app.desktop.live.section import LiveSection
from app.desktop.sections import SECTIONS
from app.desktop.settings.dialog import show_settings
from app.history import HistoryStore
from tests.app.desktop.conftest import SAMPLES, Desk
from tests.app.desktop.gaps import Stopwatch
from tests.fake_cameras import FakeCameras, plain

LONGEST = 2.0  # seconds that any of it may take


class Disorder:
    """A user without a plan. `models` are those that can be swapped."""

    def __init__(self, desk: Desk, seed: int, cameras: FakeCameras, models: list[str], files: list[Path]) -> None:
        self._desk, self._window, self._cameras = desk, desk.window, cameras
        self._chance = random.Random(seed)
        self._models, self._files = models, files
        self._timers = active_timers()
        self._talks: dict[str, Conversation] = {}
        self._gone: set[str] = set()
        self.slowest: tuple[float, str] = (0.0, "")
        desk.chat.chat_shown.connect(self._note)
        listed = self._window.source_list.listed
        assert listed is not None
        self._listed = listed
        self._listed.gone.connect(self._gone.add)
        self._note(desk.chat.chat)

    @property
    def doings(self) -> dict[str, Callable[[], object]]:
        chat, services, chance = self._desk.chat, self._window.services, self._chance
        return {
            "ask": lambda: chat.chat.ask("Count."),
            "ask a task": lambda: chat.ask_task("caption"),
            "ask again": chat.answers.again,
            "edit": self._edit,
            "stop": lambda: chat.chat.stop(),
            "new chat": chat.new_chat,
            "another chat": self._open,
            "delete": self._delete,
            "take back": self._take_back,
            "drop files": lambda: self._window.take(chance.sample(self._files, 2)),
            "paste": self._paste,
            "a camera picture": self._take_picture,
            "a section": lambda: self._window.show_section(chance.choice(SECTIONS).name),
            "watch or not": self._watch,
            "unplug or plug in": self._unplug,
            "another scene": self._change_scene,
            "swap the model": lambda: services.models.choose(chance.choice(self._models)),
            "settings": lambda: show_settings(self._window),
            "search": lambda: self._listed.search.setText(chance.choice(["Count", "", "nowhere"])),
            "wait": lambda: self._desk.qtbot.wait(chance.choice([1, 5, 20, 60])),
        }

    def begin(self) -> None:
        """Two chats, one about a picture, and a camera that is watched."""
        desk = self._desk
        desk.attach(SAMPLES / "scene-2.png")
        for _ in range(2):
            desk.ask("Count.")
            desk.chat.new_chat()
        self._window.show_section("live")
        live = self._window.section("live")
        assert isinstance(live, LiveSection)
        desk.qtbot.waitUntil(lambda: live.panel.device is not None)
        live.start()
        desk.qtbot.waitUntil(lambda: bool(live.watcher.log.entries), timeout=20_000)
        self._window.show_section("chat")

    def do_anything(self, times: int) -> None:
        doings = self.doings
        for name in self._chance.choices(list(doings), k=times):
            self._timed(name, doings[name])

    def close(self) -> None:
        """Close the window, with whatever else is open."""
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog):
                widget.close()
        self._timed("close", self._window.close)
        self._timed("the end of the threads", self._window.services.wait)
        assert not any(thread.name == "engine" for thread in threading.enumerate() if thread.is_alive())
        assert not (left := active_timers() - self._timers), f"timers left: {left}"
        assert self.slowest[0] < LONGEST, self.slowest

    def compare_with_history(self, folder: Path) -> None:
        """All that was asked and answered is there again."""
        store = HistoryStore(folder)
        try:
            listed = {entry.id for entry in store.entries()}
            for key, talk in self._talks.items():
                if key in self._gone or not talk.turns:
                    continue
                saved = store.read(key)
                assert saved is not None and key in listed, f"the conversation {talk} is not in the history"
                assert [turn.question for turn in saved.turns] == [turn.question for turn in talk.turns]
                for kept, turn in zip(saved.turns, talk.turns, strict=True):
                    assert kept.answer == turn.answer or turn.state == "stopped" and not kept.answer
                assert [len(turn.media) for turn in saved.turns] == [len(turn.media) for turn in talk.turns]
            assert not listed & self._gone
        finally:
            store.close()

    def _timed(self, name: str, doing: Callable[[], object]) -> None:
        watch = Stopwatch()
        doing()
        self.slowest = max(self.slowest, (watch.read(), name))

    def _note(self, chat: Chat) -> None:
        self._talks[chat.conversation.id] = chat.conversation

    def _edit(self) -> None:
        chat = self._desk.chat
        if chat.chat.turns:
            place = self._chance.randrange(len(chat.chat.turns))
            chat.transcript.edit_wanted.emit(place)
            chat.composer.asked.emit(f"Count from {place}.")

    def _open(self) -> None:
        known = [key for key, talk in self._talks.items() if talk.turns and key not in self._gone]
        if known:
            self._desk.chat.open_conversation(self._chance.choice(known))

    def _delete(self) -> None:
        if count := self._listed.entries.rowCount():
            self._listed.view.setCurrentIndex(self._listed.entries.index(self._chance.randrange(count)))
            self._listed.delete()

    def _take_back(self) -> None:
        if self._gone:
            key = self._chance.choice(sorted(self._gone))
            self._gone.discard(key)
            self._window.services.history.take_back(key)

    def _paste(self) -> None:
        QGuiApplication.clipboard().setImage(QImage(str(SAMPLES / "scene-3.png")))
        self._desk.chat.sources.paste()

    def _take_picture(self) -> None:
        sources = self._desk.chat.sources
        if sources.camera is not None and sources.camera.take.isEnabled() and self._chance.random() < 0.5:
            sources.camera.take.click()
        else:
            sources.open_camera()

    def _watch(self) -> None:
        live = self._window.section("live")
        assert isinstance(live, LiveSection)
        if live.panel.device is not None:  # else a part of the screen is asked for
            live.start_or_stop()

    def _unplug(self) -> None:
        self._cameras.plugged_in = not self._cameras.plugged_in

    def _change_scene(self) -> None:
        self._cameras.pixels = plain(*(self._chance.randrange(256) for _ in range(3)))


def active_timers() -> set[QTimer]:
    """Timers that run and that Python code has made."""
    timers = (made for made in gc.get_objects() if isinstance(made, QTimer))
    return {timer for timer in timers if shiboken6.isValid(timer) and timer.isActive()}
