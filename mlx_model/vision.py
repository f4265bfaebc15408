"""The SigLIP encoder: a tile of pixels in, one feature per patch out.

Mirrors transformers' `SmolVLMVisionTransformer` (models/smolvlm/modeling_smolvlm.py) for whole tiles. Every tile is
full, so position ids are 0..n-1 and no mask is needed: computing them from fractions, as the reference does for padded
images, is off by one on a 27 x 27 grid in float32. T is tiles, N patches a tile, D the hidden size.
"""

import mlx.core as mx
import mlx.nn as nn

from mlx_model.config import VisionConfig
from mlx_model.device.arithmetic import attention, gelu


class Embeddings(nn.Module):
    """Patches projected and placed: pixels [T, H, W, C] -> [T, N, D]."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.side, self.patch = config.patches_per_side, config.patch_size
        self.patch_embedding = nn.Conv2d(
            config.num_channels, config.hidden_size, kernel_size=config.patch_size, stride=config.patch_size
        )
        self.position_embedding = nn.Embedding(self.side**2, config.hidden_size)

    def __call__(self, pixels: mx.array) -> mx.array:
        # Patches do not overlap, so the convolution is one matrix product. A rest at the right and bottom edge
        # (384 = 27 x 14 + 6) belongs to no patch.
        T, side, patch = pixels.shape[0], self.side, self.patch
        pixels = pixels[:, : side * patch, : side * patch].reshape(T, side, patch, side, patch, -1)
        patches = pixels.transpose(0, 1, 3, 2, 4, 5).reshape(T, side * side, -1)
        conv = self.patch_embedding
        weight = conv.weight.reshape(conv.weight.shape[0], -1)
        return mx.addmm(conv.bias, patches, weight.T) + self.position_embedding.weight


class Attention(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        D = config.hidden_size
        self.num_heads = config.num_attention_heads
        self.scale = (D // self.num_heads) ** -0.5
        self.q_proj = nn.Linear(D, D)
        self.k_proj = nn.Linear(D, D)
        self.v_proj = nn.Linear(D, D)
        self.out_proj = nn.Linear(D, D)

    def __call__(self, x: mx.array) -> mx.array:
        T, N, D = x.shape
        queries, keys, values = (
            projection(x).reshape(T, N, self.num_heads, -1).transpose(0, 2, 1, 3)
            for projection in (self.q_proj, self.k_proj, self.v_proj)
        )
        out = attention(queries, keys, values, scale=self.scale)
        return self.out_proj(out.transpose(0, 2, 1, 3).reshape(T, N, D))


class MLP(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def __call__(self, x: mx.array) -> mx.array:
        return self.fc2(gelu(self.fc1(x)))


class EncoderLayer(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.self_attn = Attention(config)
        self.layer_norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = MLP(config)
        self.layer_norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def __call__(self, x: mx.array) -> mx.array:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class Encoder(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.layers = [EncoderLayer(config) for _ in range(config.num_hidden_layers)]


class VisionModel(nn.Module):
    """Pixels [T, H, W, C], normalised, -> features [T, N, D], in the weights' dtype."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.post_layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def __call__(self, pixels: mx.array) -> mx.array:
        x = self.embeddings(pixels.astype(self.post_layernorm.weight.dtype))
        for layer in self.encoder.layers:
            x = layer(x)
        return self.post_layernorm(x)
