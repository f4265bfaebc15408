"""What MLX may hold of the machine's memory. Without effect on numbers.

Freed buffers are kept for the next ones, up to a limit; without one, a long conversation would fill memory with sizes
that never come again. From macOS 15 on, the model's memory is wired, so that it is not paged out between two questions.
What wiring brings has not been measured: the tests run elsewhere.
"""

import platform

import mlx.core as mx

CACHE_BYTES = 512 * 2**20
WIRING_SINCE = 15  # macOS


def limit_memory() -> None:
    """Set the limits for this process; called once a model is to be loaded."""
    mx.set_cache_limit(CACHE_BYTES)
    if mx.metal.is_available() and can_wire(platform.mac_ver()[0]):
        mx.set_wired_limit(int(mx.device_info()["max_recommended_working_set_size"]))


def can_wire(macos: str) -> bool:
    """Whether a version of macOS ("15.1"; "" elsewhere) knows the wired limit: setting it raises on older ones."""
    major = macos.partition(".")[0]
    return major.isdecimal() and int(major) >= WIRING_SINCE
