"""The engine's callbacks as calls in the window's thread: each under the ticket of its job, late ones dropped.

    ticket = bridge.submit(lambda: Ask(folder, request), listen)      # listen(event), in the window's thread
    bridge.drop(ticket)                                               # cancelled, and `listen` hears no more of it

The engine is made on a thread of its own, since its imports take longer than a window may. Jobs that come before it is
there wait for it, and are made when it is: their classes come with those imports. Knows the protocol alone.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot

if TYPE_CHECKING:
    from mlx_model.protocol import Engine, EngineEvent, Job, JobEvent, JobId

log = logging.getLogger(__name__)

Ticket = int
Listener = Callable[["EngineEvent"], None]
Wants = Callable[["EngineEvent"], bool]
JobMaker = Callable[[], "Job"]
PATIENCE = 1.5  # seconds that closing waits for the step under way; the engine's thread ends by itself after it


class EngineBridge(QObject):
    """Every method is called in the window's thread. `busy_changed` says whether anything is asked of the engine.

    `asked` names each job that was queued, for one that makes way for others.
    """

    busy_changed = Signal(bool)
    asked = Signal(int)
    failed_to_start = Signal(str)
    _made = Signal()
    _came = Signal(int, object)

    def __init__(self, make_engine: "Callable[[], Engine]", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make_engine = make_engine
        self._engine: Engine | None = None  # set by the thread that makes it
        self._begun = False
        self._count = 0
        self._waiting: list[tuple[Ticket, JobMaker]] = []
        self._stopped_early: set[Ticket] = set()
        self._listeners: dict[Ticket, Listener] = {}
        self._wants: dict[Ticket, Wants] = {}
        self._jobs: dict[Ticket, JobId] = {}
        self._closed = threading.Event()
        self._handover = threading.Lock()
        self._made.connect(self._begin, Qt.ConnectionType.QueuedConnection)
        self._came.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        self._maker = threading.Thread(target=self._make, name="engine maker")

    def start(self) -> None:
        """Make the engine, behind the window."""
        self._maker.start()

    @property
    def is_busy(self) -> bool:
        return bool(self._listeners)

    def submit(self, make_job: JobMaker, listener: Listener, wants: Wants | None = None) -> Ticket:
        """Queue a job. `listener` hears its events in the window's thread, until its last or `drop`.

        Of those before the last it hears the ones that `wants` lets through, which is asked on the engine's thread: a
        run over many pictures has hundreds a second, and each that comes costs the window some of its time.
        """
        self._count += 1
        ticket = self._count
        if self._closed.is_set():
            return ticket
        self._listeners[ticket] = listener
        if wants is not None:
            self._wants[ticket] = wants
        if len(self._listeners) == 1:
            self.busy_changed.emit(True)
        if self._begun:
            self._submit(ticket, make_job)
        else:
            self._waiting.append((ticket, make_job))
        self.asked.emit(ticket)
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Stop a job after the step under way; its listener still hears how it ended."""
        if self._engine is not None and ticket in self._jobs:
            self._engine.cancel(self._jobs[ticket])
        else:
            self._stopped_early.add(ticket)

    def drop(self, ticket: Ticket) -> None:
        """Stop a job and hear no more of it."""
        self.cancel(ticket)
        self._forget(ticket)

    def close(self, patience: float = PATIENCE) -> bool:
        """Cancel everything and end the engine's thread; False where it ends a moment later by itself."""
        if self._closed.is_set():
            return True
        self._listeners.clear()
        self._waiting.clear()
        with self._handover:
            self._closed.set()
            engine = self._engine
        if engine is not None:
            return engine.close(patience)
        if self._maker.is_alive():
            self._maker.join(patience)
        return not self._maker.is_alive()

    def _make(self) -> None:
        try:
            engine = self._make_engine()
        except Exception as error:
            log.error("The engine could not be started.", exc_info=error)
            self.failed_to_start.emit(f"The model's engine could not be started: {error}")
            return
        with self._handover:
            if not self._closed.is_set():
                self._engine = engine
                self._made.emit()
                return
        engine.close(PATIENCE)

    @Slot()
    def _begin(self) -> None:
        if self._closed.is_set():
            return
        self._begun = True
        waiting, self._waiting = self._waiting, []
        for ticket, make_job in waiting:
            if ticket in self._listeners:
                self._submit(ticket, make_job)
        self._stopped_early.clear()

    def _submit(self, ticket: Ticket, make_job: JobMaker) -> None:
        assert self._engine is not None, "jobs wait until there is an engine"
        self._jobs[ticket] = self._engine.submit(make_job(), partial(self._came_from_engine, ticket))
        if ticket in self._stopped_early:
            self.cancel(ticket)

    def _came_from_engine(self, ticket: Ticket, told: "JobEvent") -> None:
        """On the engine's thread."""
        wants = self._wants.get(ticket)
        if not self._closed.is_set() and (wants is None or told.is_last or wants(told.event)):
            self._came.emit(ticket, told)

    @Slot(int, object)
    def _tell(self, ticket: Ticket, told: "JobEvent") -> None:
        listener = self._listeners.get(ticket)
        if listener is None:
            return
        if told.is_last:
            self._forget(ticket)
        listener(told.event)

    def _forget(self, ticket: Ticket) -> None:
        self._jobs.pop(ticket, None)
        self._wants.pop(ticket, None)
        if self._listeners.pop(ticket, None) is not None and not self._listeners:
            self.busy_changed.emit(False)
