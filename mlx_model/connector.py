"""The connector: pixel shuffle, then one linear layer into the decoder's width (paper, section 2.2).

Mirrors `SmolVLMConnector` in transformers' models/smolvlm/modeling_smolvlm.py, whose order of the shuffled channels
differs from PixelUnshuffle's: r x r neighbours become one token, row by row, their features side by side.
"""

import mlx.core as mx
import mlx.nn as nn

from mlx_model.config import ModelConfig


def pixel_shuffle(x: mx.array, r: int) -> mx.array:
    """[T, side * side, D] -> [T, (side / r) ** 2, D * r * r]; `side` must be a multiple of r."""
    T, N, D = x.shape
    side = round(N**0.5)
    assert side * side == N and side % r == 0, f"{N} patches cannot be shuffled by {r}"
    x = x.reshape(T, side // r, r, side // r, r * D)
    return x.transpose(0, 1, 3, 2, 4).reshape(T, N // r**2, D * r**2)


class ModalityProjection(nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        assert config.vision is not None
        self.proj = nn.Linear(config.vision.hidden_size * config.scale_factor**2, config.text.hidden_size, bias=False)

    def __call__(self, x: mx.array) -> mx.array:
        return self.proj(x)


class Connector(nn.Module):
    """Patch features [T, N, D_vision] -> image tokens [T, N / r ** 2, D_text]."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.scale_factor = config.scale_factor
        self.modality_projection = ModalityProjection(config)

    def __call__(self, features: mx.array) -> mx.array:
        return self.modality_projection(pixel_shuffle(features, self.scale_factor))
