"""Opening what a user named, if it is a regular file with something in it. Knows neither pictures nor clips."""

import os
import stat
from io import BufferedReader
from pathlib import Path

from mlx_model.errors import InputError


def open_regular_file(path: Path, name: str) -> BufferedReader:
    """`path`, opened without waiting for a FIFO's writer, then checked through its descriptor, so without a race.

    `name` stands in messages for the path. Raises InputError for whatever is absent, closed to us, no regular file, or
    empty.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise InputError(f"{name} does not exist.") from None
    except PermissionError as error:
        raise InputError(f"{name} may not be read ({error.strerror}); check its permissions.") from error
    except OSError as error:
        raise InputError(f"{name} could not be opened: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(f"{name!r} cannot be the name of a file: {error}.") from error
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{name} is a folder; name the files in it.")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{name} is a pipe, a socket or a device, not a regular file; save it as a file first.")
        check_not_empty(status.st_size, name)
    except InputError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def check_not_empty(size: int, name: str) -> None:
    """Raises InputError for a size of 0 bytes."""
    if size == 0:
        raise InputError(f"{name} is empty (0 bytes); it was not copied or downloaded completely.")
