"""Checksums as the hub names its files: sha256 for large ones (LFS), git's blob id for the rest.

https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
"""

import hashlib
import re
from pathlib import Path

BLOCK = 1 << 20

# Told by length: 40 digits are git's, 64 a sha256.
CHECKSUM = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def is_checksum(name: str) -> bool:
    return CHECKSUM.fullmatch(name) is not None


def checksum(path: Path, like: str) -> str:
    """The checksum of a file's content, of the kind that `like` is. Raises OSError."""
    digest = hashlib.sha256()
    if len(like) == 40:
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
