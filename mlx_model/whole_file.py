"""A file that appears whole or not at all. Knows nothing of what is in it.

It is written under a hidden name beside the one that was asked for, synced and renamed: whoever stops in the middle, by
Ctrl-C, an error or a full disk, leaves what was there before. Only a killed process leaves its `.partial-*` behind.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PARTIAL = ".partial-"


@contextmanager
def whole_file(path: Path, *, private: bool = False, synced: bool = True) -> Iterator[BinaryIO]:
    """A file to fill; it becomes `path`, in place of an older one, when the block ends without an error.

    With `private` nobody else may read it. Without `synced` it may be damaged after a power cut: for what can be made
    again. Raises OSError, also for a `path` that is a device, a pipe or a folder.
    """
    path = path.resolve()  # where a link points, not the link, is what is replaced
    if path.exists() and not path.is_file():
        raise OSError(errno.EEXIST, "It is no regular file and is not replaced", str(path))
    partial = path.with_name(PARTIAL + secrets.token_hex(8))
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            if synced:
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
