"""OpenBLAS for MLX on Linux, loaded before MLX itself.

MLX's Linux wheel carries the reference BLAS: 4 GFLOP/s where OpenBLAS does 200 on the same two cores. The dynamic
linker takes a symbol from the first library that was loaded globally, so it is enough to load a better one first. On
macOS, where MLX runs on Metal and Accelerate, there is nothing to do. Knows nothing of MLX.
"""

import ctypes
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path


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
    for candidate in _candidates():
        try:
            library = ctypes.CDLL(candidate, mode=ctypes.RTLD_GLOBAL)
        except OSError:
            continue
        if hasattr(library, "cblas_sgemm"):
            return library
    return None


OPENBLAS = _load()
