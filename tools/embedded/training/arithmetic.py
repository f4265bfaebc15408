"""The arithmetic that is faster on this machine: bfloat16 where the processor has it, else float32.

A processor without bfloat16 instructions takes ten to fifty times as long with it as with float32, so a few products
are measured before anything is trained.
"""

import time
from contextlib import AbstractContextManager, nullcontext

import torch

SIDES = (1024, 256, 1024)  # a layer's product at a batch's size
SECONDS = 0.1


def faster_dtype() -> torch.dtype:
    """bfloat16 if it multiplies half again as fast as float32 (it costs conversions elsewhere), else float32."""
    return torch.bfloat16 if products_in(torch.bfloat16) > 1.5 * products_in(torch.float32) else torch.float32


def products_in(dtype: torch.dtype, seconds: float = SECONDS) -> float:
    """Matrix products per second of processor time."""
    rows, inner, columns = SIDES
    left, right = torch.ones(rows, inner, dtype=dtype), torch.ones(inner, columns, dtype=dtype)
    left @ right  # the first one prepares the kernel
    count, start = 0, time.process_time()
    while (used := time.process_time() - start) < seconds:
        left @ right
        count += 1
    return count / used


def computing_in(dtype: torch.dtype) -> AbstractContextManager[object]:
    """Autocast to bfloat16, or nothing at all for float32."""
    return torch.autocast("cpu", torch.bfloat16) if dtype is torch.bfloat16 else nullcontext()
