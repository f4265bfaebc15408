"""Smolsight's model: everything between a picture and a word.

    import mlx_model
    checkpoint = mlx_model.load(folder)
    logits = checkpoint.model(input_ids, pixel_values)

Importing this package is cheap: `load` brings MLX in. The BLAS library that MLX needs on Linux is loaded here, before
any module of ours can import MLX.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from mlx_model.device import blas as blas

if TYPE_CHECKING:
    from mlx_model.loading.checkpoint import Checkpoint


def load(folder: Path | str, *, keep_quantized: bool | None = None) -> "Checkpoint":
    """A ready checkpoint from a folder; see `mlx_model.loading.checkpoint.load`."""
    from mlx_model.loading.checkpoint import load as load_checkpoint

    return load_checkpoint(Path(folder), keep_quantized=keep_quantized)
