"""An ear for an engine: keeps what it is told, by job, and waits for what is to come."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from mlx_model.protocol import Engine, EngineEvent, ItemEvent, Job, JobEvent, JobId

E = TypeVar("E")
PATIENCE = 60.0  # seconds; a loaded machine is no failure


@dataclass
class Listener:
    """Its `hear` is the callback of every job; `threads` are those that it was called on."""

    engine: Engine
    heard: list[JobEvent] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def hear(self, event: JobEvent) -> None:
        with self._changed:
            self.heard.append(event)
            self.threads.add(threading.get_ident())
            self._changed.notify_all()

    def submit(self, job: Job) -> JobId:
        return self.engine.submit(job, self.hear)

    def run(self, job: Job) -> list[EngineEvent]:
        """Everything that comes of a job."""
        return self.wait(self.submit(job))

    def wait(self, job: JobId) -> list[EngineEvent]:
        """Everything that came of a job, once it has ended."""
        self.wait_until(lambda: any(event.job == job and event.is_last for event in self.heard))
        return self.of(job)

    def wait_for(self, job: JobId, kind: type, count: int = 1) -> None:
        self.wait_until(lambda: sum(isinstance(event, kind) for event in self.of(job)) >= count)

    def wait_for_item(self, job: JobId, kind: type) -> None:
        """Wait until something of this kind has come of one of many requests."""
        self.wait_until(lambda: any(isinstance(e, ItemEvent) and isinstance(e.event, kind) for e in self.of(job)))

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(is_so, PATIENCE), f"waited in vain; heard {self.heard}"

    def of(self, job: JobId) -> list[EngineEvent]:
        return [event.event for event in self.heard if event.job == job]


def only(kind: type[E], events: list[EngineEvent]) -> E:
    """The one event of that kind."""
    (found,) = [event for event in events if isinstance(event, kind)]
    return found
