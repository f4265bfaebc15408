"""A file that appears whole or not at all: written under another name in the same folder, synced, renamed."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A stream of bytes; it becomes `path`, in place of an older file, when the block ends without an error.

    Raises OSError where that cannot be done; what was there before is then still there.
    """
    partial = path.with_name(f".smolsight-{secrets.token_hex(6)}.partial")
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # Through a link to where it points, so that the link stays.
        partial.replace(path.resolve() if path.is_symlink() else path)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
