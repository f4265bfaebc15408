"""One thread that carries out jobs in the order in which they came, and survives whatever goes wrong in one.

Knows nothing of models: what a job takes is the worker's business. The thread is no daemon, since a thread that MLX
works in must not be cut off when Python ends; it ends by itself when the main thread does, closed or not.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mlx_model.errors import Cancelled, SmolsightError, without_values
from mlx_model.events import Answered
from mlx_model.protocol import Callback, Done, EngineEvent, Failed, Job, JobEvent, JobId, Limit, StateListener, Stopped

log = logging.getLogger(__name__)

# Seconds between two looks at whether the main thread still lives and whether the rest has been long enough.
TICK = 0.5


class Worker(Protocol):
    """What the thread does. All of it is called on the thread."""

    @property
    def loaded(self) -> Path | None:
        """The folder of the model that is loaded now."""

    def stream(self, job: Job, cancelled: threading.Event) -> Iterator[EngineEvent]:
        """Carry out a job; its events but for `Done`, `Stopped` (raise Cancelled) and `Failed` (raise anything)."""

    def rest(self) -> None:
        """There has been nothing to do for a while. May be called again and again."""

    def end(self) -> None:
        """The last call of all."""


@dataclass
class _Submitted:
    id: JobId
    job: Job
    callback: Callback | None
    cancelled: threading.Event = field(default_factory=threading.Event)


class JobThread:
    """An `Engine` (see `protocol.py`) around a worker, which rests after `idle_seconds` without a job.

    A `Limit` says another time; the rest of it is for the worker.
    """

    def __init__(self, worker: Worker, *, idle_seconds: float | None = None) -> None:
        self._worker = worker
        self._idle_seconds = idle_seconds
        self._submitted: dict[JobId, _Submitted] = {}
        self._waiting: deque[_Submitted] = deque()
        self._count = 0
        self._closing = False
        self._listener: StateListener | None = None
        self._told: Path | None = None
        # Reentrant: a signal handler may cancel while the same thread submits.
        self._changed = threading.Condition(threading.RLock())
        self._thread = threading.Thread(target=self._run, name="engine")
        self._thread.start()

    def submit(self, job: Job, callback: Callback) -> JobId:
        with self._changed:
            if self._closing:
                raise RuntimeError("The engine is closed and takes no more jobs.")
            self._count += 1
            submitted = self._submitted[self._count] = _Submitted(self._count, job, callback)
            self._waiting.append(submitted)
            self._changed.notify()
            return submitted.id

    def cancel(self, job: JobId) -> None:
        with self._changed:
            if submitted := self._submitted.get(job):
                submitted.cancelled.set()

    def watch(self, listener: StateListener) -> None:
        self._listener = listener

    def close(self, timeout: float = 10.0) -> bool:
        self._begin_closing()
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.warning("The engine is still busy after %g seconds.", timeout)
        return not self._thread.is_alive()

    def _begin_closing(self) -> None:
        with self._changed:
            self._closing = True
            for submitted in self._submitted.values():
                submitted.cancelled.set()
            self._changed.notify()

    def _run(self) -> None:
        try:
            rested_since = time.monotonic()
            while not self._is_over():
                if submitted := self._take():
                    self._perform(submitted)
                    rested_since = time.monotonic()
                elif self._idle_seconds is not None and time.monotonic() - rested_since >= self._idle_seconds:
                    self._worker.rest()
                    self._tell_state()
        finally:
            self._worker.end()

    def _is_over(self) -> bool:
        if not threading.main_thread().is_alive():
            self._begin_closing()
        with self._changed:
            return self._closing and not self._waiting

    def _take(self) -> _Submitted | None:
        """The next job, or None if none came for a moment."""
        with self._changed:
            if not self._waiting and not self._closing:
                self._changed.wait(TICK if self._idle_seconds is None else min(TICK, self._idle_seconds))
            return self._waiting.popleft() if self._waiting else None

    def _perform(self, submitted: _Submitted) -> None:
        last: EngineEvent = Done()
        try:
            if submitted.cancelled.is_set():
                raise Cancelled("The job was stopped before it began.")
            if isinstance(submitted.job, Limit):
                self._idle_seconds = submitted.job.idle_seconds
            for event in self._worker.stream(submitted.job, submitted.cancelled):
                self._tell_state()
                if isinstance(event, Answered):
                    last = event
                else:
                    self._tell(submitted, event)
        except Cancelled:
            last = Stopped()
        except SmolsightError as error:
            last = Failed(without_values(error))
        except Exception as error:
            if _is_python_ending():
                last = Stopped()
            else:
                log.error("A job failed: %s.", type(submitted.job).__name__, exc_info=error)
                last = Failed(without_values(error))
        self._tell_state()
        with self._changed:
            del self._submitted[submitted.id]
        self._tell(submitted, last)

    def _tell_state(self) -> None:
        """Say which model is loaded, if it is not the one that was told last."""
        told, self._told = self._told, self._worker.loaded
        if self._listener is None or told == self._told:
            return
        try:
            self._listener(self._told)
        except Exception as error:
            log.error("Whoever watches the engine failed.", exc_info=error)
            self._listener = None

    def _tell(self, submitted: _Submitted, event: EngineEvent) -> None:
        if not threading.main_thread().is_alive():
            self._begin_closing()
        if submitted.callback is None:
            return
        try:
            submitted.callback(JobEvent(submitted.id, event))
        except Exception as error:
            log.error("Whoever listens to a %s failed.", type(submitted.job).__name__, exc_info=error)
            submitted.callback = None
            submitted.cancelled.set()


def _is_python_ending() -> bool:
    """Whether the main thread has ended, or does in a moment: thread pools refuse work just before it has."""
    threading.main_thread().join(0.1)
    return not threading.main_thread().is_alive()
