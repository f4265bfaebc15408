"""Asks the model about pictures of an album, which need not be the one that is shown any more."""

import random
from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.asking.describing import Outcome
from app.asking.questions import Question, task_question
from app.asking.tasks import tasks
from app.desktop.announce import announce
from app.desktop.folder.run import FolderRun
from app.desktop.services import Services
from app.engine_settings import drawing
from app.folder.album import Album
from app.folder.reviews import Shown

TICK_MS = 500  # the pace of a run is told so often


class AlbumRun(FolderRun):
    """`arrived` comes when outcomes are in the album, `over` when none is waited for any more."""

    arrived = Signal()
    over = Signal()

    def __init__(self, services: Services, section: QWidget) -> None:
        super().__init__(services.bridge, section)
        self._services, self._section = services, section
        self.album, self.task = Album(), ""
        self._ticking = QTimer(self)
        self._ticking.timeout.connect(self.progressed)
        self.settled.connect(self._take_in)
        self.ended.connect(self._tell_end)

    def describe(self, album: Album, places: Sequence[int], shown: Shown, *, again: bool) -> None:
        """Begin with these pictures of the album, or say why not."""
        models, say = self._services.models, self._services.status.say
        if not places:
            say("Every picture has its caption. Choose some to describe them again, with another detail or model.")
        elif models.sight is not None and models.sight.images is None:
            say(f"{models.chosen.name} reads words alone: choose another model above.")
        else:
            self.album, self.task = album, shown.task
            album.wait_for(places)
            files = [album.entries[place].path for place in places]
            self.start(files, self._question_about(shown, again=again), models.chosen)
            self._ticking.start(TICK_MS)
            self.arrived.emit()
            self.progressed.emit()

    def goes_on_with(self, fresh: Album, task: str) -> bool:
        """Whether it is about just what has been listed again."""
        return self.is_running and task == self.task and self.album.is_about_the_same_as(fresh)

    def close(self) -> None:
        self._ticking.stop()
        super().close()

    def _question_about(self, shown: Shown, *, again: bool) -> Question:
        settings, task = self._services.settings, tasks()[shown.task]
        drawn = drawing(settings)
        return task_question(
            task,
            settings[f"prompt.{task.name}"],
            None if shown.detail == "auto" else shown.detail,
            seed=random.getrandbits(32) if again and drawn["temperature"] else None,
            repetition_guard=settings["repetition_guard"],
            **drawn,
        )

    def _take_in(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            self.album.settle(outcome)
        self.arrived.emit()

    def _tell_end(self, problem: str) -> None:
        left = len(self.album.waiting)
        self.album.wait_no_more()
        self._ticking.stop()
        self.over.emit()
        if problem:
            self._services.status.say(problem)
        elif left:
            self._services.status.say(f"Stopped with {left:,} to go; what was described is kept.")
        else:
            failed = self.album.counts["failed"]
            announce(self._section, f"All are described{f', {failed:,} failed' if failed else ''}.")
