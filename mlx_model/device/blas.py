"""OpenBLAS for MLX on Linux, loaded before MLX itself.

MLX's Linux wheel carries the reference BLAS: 4 GFLOP/s where OpenBLAS does 200 on the same two cores. The dynamic
linker takes a symbol from the first library that was loaded globally, so it is enough to load a better one first. On
macOS, where MLX runs on Metal and Accelerate, there is nothing to do. Knows nothing of MLX.
"""

import ctypes
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# What tells an OpenBLAS that was built for many processors which of its kernels to use.
CHOICE = "OPENBLAS_CORETYPE"


def _candidates() -> Iterator[str]:
    """The system's library first, then the one inside opencv's wheel (numpy's has renamed symbols)."""
    yield "libopenblas.so.0"
    cv2 = importlib.util.find_spec("cv2")
    if cv2 and cv2.origin:
        bundled = Path(cv2.origin).parents[1] / "opencv_python.libs"
        yield from sorted(str(path) for path in bundled.glob("libopenblas*.so*"))


def _load() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    with _kernels_chosen():
        for candidate in _candidates():
            try:
                library = ctypes.CDLL(candidate, mode=ctypes.RTLD_GLOBAL)
            except OSError:
                continue
            if hasattr(library, "cblas_sgemm"):
                return library
    return None


@contextmanager
def _kernels_chosen() -> Iterator[None]:
    """Within, a library that is loaded takes the kernels that this processor can run, unless the user has chosen.

    It looks for models it knows, and takes a newer one for a Pentium 4: a fifth of the speed. opencv's is of 2021.
    """
    kernels = kernels_for(_processor_flags())
    if CHOICE in os.environ or kernels is None:
        yield
        return
    os.environ[CHOICE] = kernels
    try:
        yield
    finally:
        del os.environ[CHOICE]


def kernels_for(flags: frozenset[str]) -> str | None:
    """OpenBLAS's name for the best kernels that a processor with these flags can run; None: let it look itself."""
    if {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= flags:
        return "SkylakeX"
    return "Haswell" if {"avx2", "fma"} <= flags else None


def _processor_flags() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.split() for line in lines if line.startswith("flags")), ()))


OPENBLAS = _load()
