"""The network that is trained: SmolVLM's own modules from transformers, with a forward pass made for training.

`Forward` reads the weights of a `SmolVLMForConditionalGeneration` and computes exactly what that model computes (a test
holds the two together), but over several questions that share one picture: the mask lets every question see the picture
and itself, positions start anew after the picture, so each question is as if it had been asked alone. It has no padding
logic for pictures, no cache and no generation; those are the product's.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration


@dataclass(frozen=True)
class Shape:
    """Widths and depths; all multiples of 64, so that every quantization group fits."""

    hidden: int = 256
    vision_mlp: int = 1024
    text_mlp: int = 704
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    tile: int = 128
    patch: int = 16
    shuffle: int = 2
    context: int = 4096

    @property
    def tokens_per_tile(self) -> int:
        return (self.tile // self.patch // self.shuffle) ** 2


def build_config(shape: Shape, ids: dict[str, int]) -> SmolVLMConfig:
    """The configuration of the family's form; `ids` holds vocab_size, image, start, pad and end token ids."""
    text = {
        "model_type": "llama",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.text_mlp,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.hidden // shape.heads,
        "rope_theta": 100000,
        "max_position_embeddings": shape.context,
        "vocab_size": ids["vocab_size"],
        "rms_norm_eps": 1e-05,
        "hidden_act": "silu",
        "bos_token_id": ids["start"],
        "eos_token_id": ids["end"],
        "pad_token_id": ids["pad"],
        "tie_word_embeddings": False,
    }
    vision = {
        "model_type": "smolvlm_vision",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.vision_mlp,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_channels": 3,
        "image_size": shape.tile,
        "patch_size": shape.patch,
        "hidden_act": "gelu_pytorch_tanh",
        "layer_norm_eps": 1e-06,
        "attention_dropout": 0.0,
    }
    return SmolVLMConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["image"],
        scale_factor=shape.shuffle,
        tie_word_embeddings=False,
        pad_token_id=ids["pad"],
    )


def build_model(config: SmolVLMConfig, seed: int) -> SmolVLMForConditionalGeneration:
    """A fresh model with seeded random weights in float32."""
    torch.manual_seed(seed)
    return SmolVLMForConditionalGeneration(config).float()


@dataclass(frozen=True)
class Decoded:
    """Hidden states [B, L, D]; of each layer what it was given, of the same shape, and what its attention did.

    scores: [B, heads, L, L], before softmax; values: [B, kv_heads, L, D / heads], what a group of heads can bring from
    each place.
    """

    hidden: Tensor
    inputs: list[Tensor]
    scores: list[Tensor]
    values: list[Tensor]


class Forward(nn.Module):
    """Encoder, connector and decoder of `model` as plain functions of tensors."""

    def __init__(self, model: SmolVLMForConditionalGeneration, shape: Shape) -> None:
        super().__init__()
        self.model, self.shape = model, shape
        head = shape.hidden // shape.heads
        frequency = 1.0 / (100000 ** (torch.arange(0, head, 2).float() / head))
        self.register_buffer("frequency", frequency, persistent=False)

    def encode(self, pixels: Tensor) -> Tensor:
        """pixels [T, 3, tile, tile] -> patches [T, P, D]."""
        vision = self.model.model.vision_model
        x = patchify(pixels, self.shape.patch)
        weight = vision.embeddings.patch_embedding.weight.flatten(1)
        x = functional.linear(x, weight, vision.embeddings.patch_embedding.bias)
        x = x + vision.embeddings.position_embedding.weight.to(x.dtype)
        for layer in vision.encoder.layers:
            x = x + self.vision_attention(layer.self_attn, layer.layer_norm1(x))
            hidden = functional.gelu(layer.mlp.fc1(layer.layer_norm2(x)), approximate="tanh")
            x = x + layer.mlp.fc2(hidden)
        return vision.post_layernorm(x)

    def vision_attention(self, attention: nn.Module, x: Tensor) -> Tensor:
        q, k, v = (split_heads(p(x), self.shape.heads) for p in (attention.q_proj, attention.k_proj, attention.v_proj))
        return attention.out_proj(join_heads(score(q, k).softmax(dim=-1).to(v.dtype) @ v))

    def connect(self, patches: Tensor) -> Tensor:
        """patches [T, P, D] -> features [T, P / r^2, D of the decoder]."""
        return self.model.model.connector(patches)

    def decode(self, ids: Tensor, features: Tensor, places: Tensor, positions: Tensor, mask: Tensor) -> Decoded:
        """The decoder over ids [B, L], whose flat `places` hold the image features in order.

        positions [B, L] are the rotary positions; mask [B, 1, L, L] is true where a query may look.
        """
        text = self.model.model.text_model
        x = text.embed_tokens(ids).to(features.dtype)
        flat = x.flatten(0, 1).index_copy(0, places, features.flatten(0, 1))
        x = flat.view_as(x)
        angle = positions[..., None].float() * self.frequency
        angle = torch.cat((angle, angle), dim=-1)[:, None]
        cos, sin = angle.cos().to(features.dtype), angle.sin().to(features.dtype)
        decoded = Decoded(x, [], [], [])
        for layer in text.layers:
            scored, values = self.text_attention(layer.self_attn, layer.input_layernorm(x), cos, sin, mask)
            each = values.repeat_interleave(self.shape.heads // self.shape.kv_heads, dim=1)
            decoded.inputs.append(x)
            decoded.scores.append(scored)
            decoded.values.append(values)
            x = x + layer.self_attn.o_proj(join_heads(scored.softmax(dim=-1).to(each.dtype) @ each))
            x = x + layer.mlp(layer.post_attention_layernorm(x))
        return replace(decoded, hidden=text.norm(x))

    def text_attention(
        self, attention: nn.Module, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Scores and values, as `Decoded` has them."""
        q = rotate(split_heads(attention.q_proj(x), self.shape.heads), cos, sin)
        k = rotate(split_heads(attention.k_proj(x), self.shape.kv_heads), cos, sin)
        v = split_heads(attention.v_proj(x), self.shape.kv_heads)
        return score(q, k.repeat_interleave(self.shape.heads // self.shape.kv_heads, dim=1), mask), v


def patchify(pixels: Tensor, patch: int) -> Tensor:
    """[T, 3, H, W] -> [T, P, 3 * patch * patch] in the order of a convolution's flattened kernel."""
    tiles, channels, height, width = pixels.shape
    x = pixels.view(tiles, channels, height // patch, patch, width // patch, patch)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(tiles, -1, channels * patch * patch)


def score(q: Tensor, k: Tensor, mask: Tensor | None = None) -> Tensor:
    """Attention's scores [B, heads, L, L]: at these lengths torch's fused kernel for the CPU takes longer backward."""
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    return scores if mask is None else scores.masked_fill(~mask, float("-inf"))


def split_heads(x: Tensor, heads: int) -> Tensor:
    return x.view(*x.shape[:-1], heads, -1).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding in Llama's half-split form."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


def attention_mask(segments: Tensor) -> Tensor:
    """segments [B, L]: 0 the picture, 1, 2, ... questions, -1 padding -> [B, 1, L, L], true where a query may look."""
    length = segments.shape[1]
    query, key = segments[:, :, None], segments[:, None, :]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    return (causal & ((key == 0) | (key == query)))[:, None]
