"""Checks of the device and of what decodes clips. Each takes nothing, returns what it found, and may raise."""

import sys
import tempfile
from pathlib import Path

from app.doctor.outcome import Found, failed, passed, skipped


def metal(_: None) -> Found:
    """Whether MLX has the GPU: on a Mac it must."""
    import mlx_model  # noqa: F401 (loads the BLAS library, before MLX)
    import mlx.core as mx  # isort: skip

    if mx.metal.is_available():
        device = mx.device_info()
        return passed(f"{device.get('device_name', 'a GPU')}, {device.get('architecture', 'of unknown kind')}")
    if sys.platform == "darwin":
        return failed("MLX has no Metal here: Smolsight needs a Mac with Apple silicon and macOS 15 or newer.")
    return skipped("no Mac: everything below runs on the CPU, in float32")


def one_evaluation(_: None) -> Found:
    """A matrix product on the default device, against numpy's."""
    import mlx_model  # noqa: F401
    import mlx.core as mx  # isort: skip
    import numpy as np

    left, right = np.random.default_rng(0).standard_normal((2, 512, 512), dtype=np.float32)
    ours, exact = np.array(mx.array(left) @ mx.array(right)), left.astype(np.float64) @ right
    error = float(np.linalg.norm(ours - exact) / np.linalg.norm(exact))
    said = f"512 x 512 matrix product on {mx.default_device()}, relative error {error:.1e}"
    return passed(said) if error < 1e-3 else failed(f"{said}: more than 1e-3")


def memory_limit(_: None) -> Found:
    """How much memory the GPU may keep wired, and that MLX can set it."""
    import mlx_model  # noqa: F401
    import mlx.core as mx  # isort: skip

    if not mx.metal.is_available():
        return skipped("the wired limit is Metal's")
    limit = int(mx.device_info()["max_recommended_working_set_size"])
    before = mx.set_wired_limit(limit)
    mx.set_wired_limit(before)
    return passed(f"up to {limit / 1e9:.1f} GB can stay wired for the GPU")


def clip(_: None) -> Found:
    """A clip written and read here: OpenCV's own FFmpeg, and its way to an opened file."""
    import numpy as np

    from mlx_model.config import ImageConfig
    from mlx_model.media.video import open_clip, plan_frames, stream_tiles

    import cv2  # isort: skip

    with tempfile.TemporaryDirectory(prefix="smolsight-") as folder:
        path = Path(folder) / "clip.mp4"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (128, 96))
        if not writer.isOpened():
            return skipped("OpenCV cannot write a clip to try")
        for number in range(30):
            writer.write(np.full((96, 128, 3), 8 * number, np.uint8))
        writer.release()
        opened = open_clip(path)
        config = ImageConfig(tile=64, longest_edge=256, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
        tiles = list(stream_tiles(opened, plan_frames(opened, config), config))
    means = [float(tile.mean()) for tile in tiles]
    if abs(opened.duration - 3) > 0.2 or len(tiles) != 3 or means != sorted(means):
        return failed(f"3 s of 30 frames were read as {opened.duration:.1f} s, with {len(tiles)} frames to see")
    return passed("3 s of video written, read and sampled at a frame a second")
