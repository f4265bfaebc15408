"""Large blocks of memory used again rather than given back, on Linux with glibc.

There every array of more than 32 MB comes fresh from the kernel, page by page, and making the pages takes longer than
what is done with them: a cast of 67 MB 50 ms instead of 6. Elsewhere there is nothing to do.
"""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # glibc's malloc.h
_USUAL = {_TRIM_THRESHOLD: 128 << 10, _MMAP_MAX: 65536}
_KEPT = 1 << 30


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Within, what is freed stays with the process, up to `_KEPT` bytes at the end of its heap."""
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_MMAP_MAX, 0)
    libc.mallopt(_TRIM_THRESHOLD, _KEPT)
    try:
        yield
    finally:
        for option, value in _USUAL.items():
            libc.mallopt(option, value)
        libc.malloc_trim(0)
