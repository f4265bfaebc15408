"""How to talk to the engine: jobs go in, events come out, and each says which job it is about.

    job = engine.submit(Ask(folder, request), on_event)
    engine.cancel(job)

A job ends with exactly one event of `LAST`. In between come, as far as they apply and in this order:

    LoadStarted, Loaded, Forgot, Planned, TilesEncoded..., Prefilled..., TextDelta...

What comes of one request among many is wrapped in an `ItemEvent` that says which.

Plain Python values alone, without MLX and without Qt, so that a face can be built and tested with a scripted engine.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mlx_model.config import ImageConfig
from mlx_model.events import Answered, Event
from mlx_model.media.images import Detail
from mlx_model.prompting.prompt import Picture
from mlx_model.request import Request

JobId = int


@dataclass(frozen=True)
class Load:
    """Make the model of a folder the loaded one; nothing to do where it is already."""

    folder: Path


@dataclass(frozen=True)
class Ask:
    """Answer a request with the model of a folder, which is loaded first where it is not.

    `reading` is the seconds that went into opening the pictures: they count as the request's.

    `conversation` names what the request's messages are a part of, and the engine keeps what the model has read of it:
    the next request by that name pays for what is new in its messages alone, one by another name for what no kept
    conversation has in common with it. Each request has all the messages, so what is edited, dropped or said again
    needs no telling. None: nothing is kept. Where a conversation outgrows the model's context, its oldest pictures and
    clips, then its oldest messages are left out, and `Forgot` says so; without a name it fails instead.

    `fleeting`: its pictures will not come again, as a camera's do not. They are remembered for a moment alone, apart
    from the others and never on disk.
    """

    folder: Path
    request: Request
    reading: float = 0.0
    conversation: str | None = None
    fleeting: bool = False


# Makes a request when its turn is near, on a thread of its own; None where there is nothing to ask after all.
Opening = Callable[[], Request | None]


@dataclass(frozen=True)
class AskMany:
    """Answer many requests, `size` of them at a time, with the model of a folder.

    Each comes of an opening, which is only called when its turn is near, so that a few pictures are held at a time,
    however many there are; the model is loaded at the first request. One that fails does not end the others.
    """

    folder: Path
    openings: Iterable[Opening]
    size: int = 8


@dataclass(frozen=True)
class EncodeAhead:
    """Look at pictures before anything is asked: the next question about them at this detail need not look again."""

    folder: Path
    pictures: tuple[Picture, ...]
    detail: Detail = "auto"


@dataclass(frozen=True)
class Glance:
    """Look at one picture in one tile and say in numbers what it is like: `Glimpsed` comes before `Done`.

    A fleeting question about the same picture, at detail "low", need not look again if it comes soon.
    """

    folder: Path
    picture: Picture


@dataclass(frozen=True)
class SaveSession:
    """Write what the model of a folder has read of a conversation to a file, whole or not at all.

    Fails with SaveError where that model is not loaded, nothing is kept of the conversation, or there is no room.
    """

    folder: Path
    conversation: str
    file: Path


@dataclass(frozen=True)
class OpenSession:
    """Take back what `SaveSession` wrote, so that the conversation's next question need not read it again.

    Fails with SaveError where the file is damaged, or another model's: the conversation is then read anew.
    """

    folder: Path
    conversation: str
    file: Path


@dataclass(frozen=True)
class Forget:
    """Give back what is kept of a conversation; nothing to do where nothing is."""

    conversation: str


@dataclass(frozen=True)
class Unload:
    """Give the model's memory back. The next job that needs a model loads it again."""


@dataclass(frozen=True)
class Limit:
    """Keep no more than this from now on; what is over it goes at once. Loads nothing.

    A model that had no job for `idle_seconds` is unloaded (None: never). `feature_bytes` are for image tokens of what
    was seen, `session_bytes` for the KV caches of conversations. With a `feature_folder` image tokens are kept there,
    too, up to `feature_disk_bytes`; None: nowhere, and what lies in a folder stays there.
    """

    idle_seconds: float | None
    feature_bytes: int
    session_bytes: int
    feature_folder: Path | None = None
    feature_disk_bytes: int = 0


Job = Load | Ask | AskMany | EncodeAhead | Glance | SaveSession | OpenSession | Forget | Unload | Limit


@dataclass(frozen=True)
class LoadStarted:
    """The model of this folder is being read."""

    folder: Path


@dataclass(frozen=True)
class Loaded:
    """The model is ready. `image_config` is None for one of words alone; `context` is its length in tokens."""

    folder: Path
    seconds: float
    image_config: ImageConfig | None
    context: int


@dataclass(frozen=True)
class Glimpsed:
    """The mean of a picture's image tokens, of length 1: the nearer two are, the more alike the pictures."""

    features: tuple[float, ...]


@dataclass(frozen=True)
class Done:
    """The last event of a job that was no question."""


@dataclass(frozen=True)
class Stopped:
    """The last event of a job that was cancelled before there was any answer.

    A question that is cancelled later ends with what was said so far: `Answered`, its finish reason "cancelled".
    """


@dataclass(frozen=True)
class Failed:
    """The last event of a job that could not be carried out.

    The error can be raised again in any thread: its traceback is whole, but the frames in it hold no values any more.
    """

    error: Exception

    @property
    def sentence(self) -> str:
        return str(self.error) or self.error_type

    @property
    def error_type(self) -> str:
        return type(self.error).__name__


@dataclass(frozen=True)
class ItemEvent:
    """Something that happened to one of many requests; `item` counts from 0 in the order of their openings.

    Each ends with one `Answered`, `Failed`, or `Done` where there was nothing to ask. Items end in any order.
    """

    item: int
    event: Event | Done | Failed


EngineEvent = LoadStarted | Loaded | Glimpsed | Event | ItemEvent | Done | Stopped | Failed
LAST = (Answered, Done, Stopped, Failed)


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job."""

    job: JobId
    event: EngineEvent

    @property
    def is_last(self) -> bool:
        return isinstance(self.event, LAST)


Callback = Callable[[JobEvent], None]
# Told the folder of the model that is loaded now, or None once there is none.
StateListener = Callable[[Path | None], None]


class Engine(Protocol):
    """Carries out jobs one after the other, on a thread of its own. Every method may be called from any thread."""

    def submit(self, job: Job, callback: Callback) -> JobId:
        """Queue a job; its id, which no other job of this engine has.

        `callback` runs on the engine's thread, perhaps before this returns, and holds the engine up while it runs. One
        that raises is not called again, and its job is cancelled. RuntimeError once the engine is closed.
        """

    def cancel(self, job: JobId) -> None:
        """Stop a job after the step under way (a batch of tiles, a prefill step, a token).

        A job that still waits ends as `Stopped` when its turn comes. Nothing happens to one that has ended.
        """

    def watch(self, listener: StateListener) -> None:
        """Tell `listener` whenever another model is the loaded one, or none is: swapped, unloaded, or idle too long.

        It runs on the engine's thread as a job's callback does, outside of any order between the two; one that raises
        is not called again. A new listener takes the place of the one before.
        """

    def close(self, timeout: float = 10.0) -> bool:
        """Cancel every job, let each have its last event, and end the thread.

        False where the step under way took longer than `timeout` seconds: the thread then ends by itself after it.
        """
