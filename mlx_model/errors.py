"""Everything that can go wrong for a user, as one tree.

    SmolsightError
    ├── InputError            a picture, clip or text that could not be read
    ├── DetailError           a detail that the model does not offer: a wrong request, so also a ValueError
    ├── ModelError            a checkpoint that cannot be used
    │   ├── ModelNotFoundError    nothing of that name is installed
    │   ├── CheckpointError       a file of it is missing, broken or contradicts another
    │   ├── RefusedError          it needs code to run, or is of an unknown architecture
    │   └── DownloadError         it could not be fetched
    ├── ConversionError       weights that could not be converted or written
    ├── SaveError             a conversation that could not be written to a file, or taken back from it
    ├── ContextLimitError     the prompt does not fit the model's context
    └── Cancelled             the user said stop

Each message is one sentence for the user: what happened, to which file, what to do. The three edges that catch these
(a CLI command, the engine's job loop, Qt's excepthook) show the sentence and log the traceback.
"""

import traceback
from threading import Event
from typing import TypeVar

E = TypeVar("E", bound=BaseException)


class SmolsightError(Exception):
    """Root of every error that is the user's to know about."""


class InputError(SmolsightError):
    """An input file could not be read."""


class DetailError(SmolsightError, ValueError):
    """A detail is no word that we know, or a number of tiles that is not possible."""


class ModelError(SmolsightError):
    """A checkpoint cannot be used."""


class ModelNotFoundError(ModelError):
    """No installed checkpoint answers to that name."""


class CheckpointError(ModelError):
    """A checkpoint's files are missing, damaged, or contradict each other."""


class RefusedError(ModelError):
    """A checkpoint asks to run code, or has an architecture that is not ours."""


class DownloadError(ModelError):
    """A checkpoint could not be downloaded."""


class ConversionError(SmolsightError):
    """A conversion could not be carried out or written."""


class SaveError(SmolsightError):
    """A conversation could not be written to a file, or taken back from it."""


class ContextLimitError(SmolsightError):
    """A prompt is longer than the model's context."""


class Cancelled(SmolsightError):
    """The job was stopped before it ended."""


def stop_if(cancelled: Event, sentence: str) -> None:
    """Raises Cancelled with the sentence once the event is set."""
    if cancelled.is_set():
        raise Cancelled(sentence)


def without_values(error: E) -> E:
    """The error, with nothing left in the frames of its traceback: arrays must not leave their thread in it."""
    chain: BaseException | None = error
    while chain is not None:
        traceback.clear_frames(chain.__traceback__)
        chain = chain.__cause__ or chain.__context__
    return error
