"""The edge of the command line: what goes wrong becomes one sentence on stderr and an exit code.

0 fine, 1 a failure while running, 2 wrong usage (click's own), 3 an input could not be read, 4 the model is missing,
broken or refused, 130 on Ctrl-C, 143 on SIGTERM. A reader that closes the pipe had enough: quiet, and 0.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress

import click

from app.cli.signals import Terminated
from app.cli.stderr import say
from mlx_model.errors import Cancelled, DetailError, InputError, ModelError, SmolsightError

EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (DetailError, 2),
    (InputError, 3),
    (ModelError, 4),
    (Terminated, 143),
    (KeyboardInterrupt, 130),
    (Cancelled, 130),
    (click.Abort, 130),
)


def exit_code(error: BaseException) -> int:
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


def sentence(error: Exception) -> str:
    """What to tell the user. Of an error that is not the user's to know about, the traceback goes into the log."""
    if isinstance(error, SmolsightError):
        return str(error)
    from app.crash_log import keep_traceback

    log = keep_traceback(error)
    if isinstance(error, OSError) and error.strerror:  # a full disk, most often
        return f"This could not be completed: {error.strerror}{f' ({error.filename})' if error.filename else ''}."
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"Something unexpected happened ({what}); " + (f"{log} has the details." if log else "no log could be kept.")


def run_command(command: Callable[[], int | None]) -> int:
    """Run a command; its exit code. Click's usage errors and `ctx.exit` pass through to click."""
    try:
        return command() or 0
    except (click.ClickException, click.exceptions.Exit):
        raise
    except BrokenPipeError:
        _drop_unwritable()
        return 0
    except (KeyboardInterrupt, click.Abort) as error:
        return exit_code(error)
    except Exception as error:
        say(sentence(error))
        _drop_unwritable()
        return exit_code(error)


def _drop_unwritable() -> None:
    """Let what stdout still holds and cannot get rid of go nowhere: flushing it when Python ends would complain."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
