"""Matrix products that several threads of Python ask for at once, each on a core of its own.

With the OpenBLAS that MLX uses (see `blas.py`), else numpy's. Arrays are numpy's; knows nothing of MLX.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from mlx_model.device.blas import OPENBLAS

_ROW_MAJOR, _AS_IT_IS, _TRANSPOSED = 101, 111, 112  # cblas.h


@contextmanager
def one_core_each() -> Iterator[None]:
    """Within, a product takes the thread that asks for it and no other."""
    if OPENBLAS is None:
        yield
        return
    before = OPENBLAS.openblas_get_num_threads()
    OPENBLAS.openblas_set_num_threads(1)
    try:
        yield
    finally:
        OPENBLAS.openblas_set_num_threads(before)


def multiply_transposed(x: np.ndarray, matrix: np.ndarray, out: np.ndarray) -> None:
    """x [L, width] times the transpose of `matrix` [rows, width] into `out` [L, rows], some columns of a wider array.

    All float32, each row in one piece. Python's other threads go on meanwhile.
    """
    if OPENBLAS is None:
        np.matmul(x, matrix.T, out=out)
        return
    sizes = map(ctypes.c_int, (len(x), len(matrix), x.shape[1]))
    one, none = ctypes.c_float(1), ctypes.c_float(0)
    OPENBLAS.cblas_sgemm(
        _ROW_MAJOR, _AS_IT_IS, _TRANSPOSED, *sizes, one, *_place(x), *_place(matrix), none, *_place(out)
    )


def _place(array: np.ndarray) -> tuple[ctypes.c_void_p, ctypes.c_int]:
    """Where it begins, and how many numbers lie from one row to the next."""
    return ctypes.c_void_p(array.ctypes.data), ctypes.c_int(array.strides[0] // array.itemsize)
