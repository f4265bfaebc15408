"""The scenes that screenshots show: each does what a user would and yields what has to be so before it goes on."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLabel, QWidget

import assets
from app.desktop.chat.section import ChatSection
from app.desktop.live.section import LiveSection
from app.desktop.live.session import State
from app.desktop.models.model_card import ModelCard
from app.desktop.screenshots.folder_scene import folder
from app.desktop.settings.dialog import show_settings
from app.desktop.window import MainWindow

Steps = Iterator[Callable[[], bool]]
SHOW = 512  # pixels


@dataclass(frozen=True)
class Scene:
    """`prepare` gets the files that were named, none for the scene's own; `target` is what is photographed."""

    prepare: Callable[[MainWindow, Sequence[Path]], Steps]
    target: Callable[[MainWindow], QWidget] = lambda window: window


def samples(*numbers: int) -> list[Path]:
    """The sample pictures of these numbers."""
    return [assets.path("samples") / f"scene-{number}.png" for number in numbers]


def _chat(window: MainWindow) -> ChatSection:
    section = window.section("chat")
    assert isinstance(section, ChatSection)
    return section


def _model_ready(window: MainWindow) -> bool:
    return window.services.models.sight is not None


def _attach(window: MainWindow, paths: Sequence[Path]) -> Steps:
    chat = _chat(window)
    wanted = len(chat.composer.media) + len(paths)
    window.take(paths)
    yield lambda: len(chat.composer.media) == wanted


def _ask(window: MainWindow, task: str = "", question: str = "") -> Steps:
    chat = _chat(window)
    if task:
        chat.ask_task(task)
    else:
        chat.composer.asked.emit(question)
    yield lambda: not any(turn.is_open for turn in chat.chat.turns)


def empty(window: MainWindow, files: Sequence[Path]) -> Steps:
    yield lambda: _model_ready(window)


def chat(window: MainWindow, files: Sequence[Path]) -> Steps:
    """Two questions about one picture; about the user's own files "Describe this image." alone."""
    yield lambda: _model_ready(window)
    yield from _attach(window, files or samples(2))
    yield from _ask(window, "caption")
    if not files:
        yield from _ask(window, question="What colour is the background?")


def detail(window: MainWindow, files: Sequence[Path]) -> Steps:
    """A picture cut into tiles, and a second one waiting to be asked about."""
    yield lambda: _model_ready(window)
    yield from _attach(window, files or samples(4, 2))
    chat = _chat(window)
    chat.details.choose("high")
    chat.stage.show_medium(chat.composer.media[0])
    chat.composer.write("What is in the top left corner?")


def history(window: MainWindow, files: Sequence[Path]) -> Steps:
    """Some earlier chats, one of them open again."""
    yield lambda: _model_ready(window)
    for number, task in ((5, "text"), (3, "short"), (4, "tags"), (2, "alt")):
        yield from _attach(window, samples(number))
        yield from _ask(window, task)
        _chat(window).new_chat()
    listed = window.source_list.listed
    assert listed is not None
    yield lambda: listed.entries.rowCount() == 4
    index = listed.entries.index(2)
    entry = listed.entries.entry(index)
    assert entry is not None
    listed.entries.setData(index, "The watch from Sunday")
    window.services.history.pin(entry.id, True)
    yield lambda: bool((first := listed.entries.entry(listed.entries.index(0))) and first.pinned)
    listed.chosen.emit(entry.id)
    yield lambda: _chat(window).chat.conversation.id == entry.id


def settings(window: MainWindow, files: Sequence[Path]) -> Steps:
    yield lambda: _model_ready(window)
    dialog = show_settings(window)
    dialog.pages.setCurrentIndex(1)
    yield dialog.isVisible


def live(window: MainWindow, files: Sequence[Path]) -> Steps:
    """A part of the screen, on which pictures follow each other."""
    yield lambda: _model_ready(window)
    window.show_section("live")
    section = window.section("live")
    assert isinstance(section, LiveSection)
    show = _Show(window)
    for number, path in enumerate(files or samples(5, 3, 2), 1):
        show.setPixmap(QPixmap(str(path)))
        yield show.isVisible
        if section.session.state is State.OFF:
            section.watch_region(window.screen(), show.geometry())
        yield partial(_has_logged, section, number)
    yield lambda: section.watcher.unchanged > 2


def _has_logged(section: LiveSection, entries: int) -> bool:
    return len(section.watcher.log.entries) >= entries


def models(window: MainWindow, files: Sequence[Path]) -> Steps:
    yield lambda: _model_ready(window)
    window.show_section("models")
    section = window.section("models")
    yield lambda: bool(section.findChildren(ModelCard))


def clip(window: MainWindow, files: Sequence[Path]) -> Steps:
    """Pictures one after the other as a clip, about to be asked about. The embedded checkpoint knows no clips."""
    yield lambda: _model_ready(window)
    with tempfile.TemporaryDirectory(prefix="smolsight-") as folder:
        yield from _attach(window, files or [_filmed(samples(5, 2, 3, 4), Path(folder) / "four scenes.mp4")])
        _chat(window).composer.write("When does the watch appear?")
        yield lambda: not window.services.bridge.is_busy


class _Show(QLabel):
    """Pictures beside the window, for as long as it is there."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window, Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint)
        self.setScaledContents(True)
        frame = window.frameGeometry()
        self.setGeometry(frame.right() + 20, frame.top(), SHOW, SHOW)
        self.show()


def _filmed(pictures: Sequence[Path], out: Path) -> Path:
    """A clip of pictures, two seconds each."""
    from mlx_model.media.video_decoder import load_opencv

    cv2, size, rate = load_opencv(), (SHOW, SHOW), 10
    film = cv2.VideoWriter(str(out), cv2.VideoWriter_fourcc(*"mp4v"), rate, size)
    for path in pictures:
        shown = cv2.resize(cv2.imread(str(path)), size, interpolation=cv2.INTER_CUBIC)
        for _ in range(2 * rate):
            film.write(shown)
    film.release()
    return out


SCENES = {
    "empty": Scene(empty),
    "chat": Scene(chat),
    "detail": Scene(detail),
    "history": Scene(history),
    "live": Scene(live),
    "folder": Scene(folder),
    "models": Scene(models),
    "clip": Scene(clip),
    "settings": Scene(settings, show_settings),
}
