"""A job's events in the thread that asked for it, so that the main thread waits for words and for Ctrl-C alike."""

from collections.abc import Generator
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

from mlx_model.errors import Cancelled

if TYPE_CHECKING:
    from mlx_model.protocol import Engine, EngineEvent, Job, JobEvent

# Seconds until a signal is noticed that came to another thread: it does not wake the main thread by itself.
PATIENCE = 0.1


def stream_job(engine: "Engine", job: "Job", stopped: Event) -> Generator["EngineEvent", None, None]:
    """What comes of a job. Raises what it failed with, or Cancelled.

    The job is cancelled once `stopped` is set, and when this is closed.
    """
    from mlx_model.protocol import Failed, Stopped

    events: SimpleQueue[JobEvent] = SimpleQueue()
    job_id = engine.submit(job, events.put)
    try:
        while True:
            told = _next(events)
            if stopped.is_set():
                engine.cancel(job_id)
            if told is None:
                continue
            if isinstance(told.event, Failed):
                raise told.event.error
            if isinstance(told.event, Stopped):
                raise Cancelled("The job was stopped.")
            yield told.event
            if told.is_last:
                return
    finally:
        engine.cancel(job_id)


def _next(events: "SimpleQueue[JobEvent]") -> "JobEvent | None":
    try:
        return events.get(timeout=PATIENCE)
    except Empty:
        return None
