"""Work in a process of its own: what it imports, prints and fills memory with is gone when it ends.

The work is a function of a module, its argument and result are picklable. Knows nothing of what is done there.
"""

import os
import signal
import sys
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from mlx_model.errors import SmolsightError

PATIENCE = 5.0  # seconds
GLANCE = 0.1  # seconds between two calls of `look`

Given = TypeVar("Given")
Result = TypeVar("Result")


class ProcessError(SmolsightError):
    """A process of our own failed at its work."""


def in_own_process(
    name: str, work: Callable[[Given], Result], given: Given, look: Callable[[], None] = lambda: None
) -> Result:
    """`work(given)`, done elsewhere. What it prints goes nowhere.

    `look` is called meanwhile, and what it raises ends the process. Raises the work's SmolsightError, and ProcessError
    for any other end; `name` says whose work it was.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(work, given, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        while not ours.poll(GLANCE):
            look()
        outcome = ours.recv()
    except EOFError:
        process.join()
        raise ProcessError(f"{name} ended before its work was done (exit code {process.exitcode}).") from None
    except BaseException:
        process.terminate()
        raise
    finally:
        # It ends by itself, after its own clearing up; a long step of its work is not waited for.
        process.join(PATIENCE)
        process.kill()
        process.join()
        ours.close()
    if isinstance(outcome, SmolsightError):
        raise outcome
    if isinstance(outcome, _Failure):
        raise ProcessError(f"{name} failed: {outcome.reason}")
    return outcome


class _Failure:
    """An exception in words: of a stranger's class, it might not survive the way."""

    def __init__(self, error: Exception) -> None:
        self.reason = f"{type(error).__name__}: {error}"


def _work(work: Callable[[Any], Any], given: Any, theirs: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the other one ends this
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        theirs.send(work(given))
    except SmolsightError as error:
        theirs.send(error)
    except Exception as error:
        theirs.send(_Failure(error))
