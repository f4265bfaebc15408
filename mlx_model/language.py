"""The SmolLM2 decoder: Llama's block with grouped-query attention and rotary positions.

Mirrors transformers' models/llama/modeling_llama.py. Knows nothing of pictures: it takes embeddings and hands back
hidden states; the caller asks for logits where it needs them. B is sequences, L positions, D the hidden size.
"""

from collections.abc import Sequence

import mlx.core as mx
import mlx.nn as nn

from mlx_model.cache import KVCache, LayerCache
from mlx_model.config import TextConfig
from mlx_model.device.arithmetic import add_projected, attention, rope, swiglu
from mlx_model.fused import fused


class Attention(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        D, self.head_dim = config.hidden_size, config.head_dim
        self.num_heads, self.num_kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.scale = self.head_dim**-0.5
        self.rope_theta = config.rope_theta
        self.q_proj = nn.Linear(D, self.num_heads * self.head_dim, bias=False)
        self.k_proj = nn.Linear(D, self.num_kv_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(D, self.num_kv_heads * self.head_dim, bias=False)
        self.o_proj = nn.Linear(self.num_heads * self.head_dim, D, bias=False)

    def fuse(self) -> None:
        """Make one projection of the three, if their packings allow it."""
        if "q_proj" in self and (qkv_proj := fused(self.q_proj, self.k_proj, self.v_proj)):
            self.qkv_proj = qkv_proj
            del self.q_proj, self.k_proj, self.v_proj

    def __call__(self, x: mx.array, residual: mx.array, cache: LayerCache) -> mx.array:
        B, L, _ = x.shape
        heads = self._project(x).reshape(B, L, -1, self.head_dim).transpose(0, 2, 1, 3)
        turned = self.num_heads + self.num_kv_heads
        heads = rope(heads, turned, base=self.rope_theta, offset=cache.offset)
        queries, keys_and_values = heads[:, : self.num_heads], heads[:, self.num_heads :]
        all_keys, all_values = cache.update(keys_and_values)
        out = attention(queries, all_keys, all_values, scale=self.scale, causal=L > 1, mask=cache.mask)
        return add_projected(residual, out.transpose(0, 2, 1, 3).reshape(B, L, -1), self.o_proj)

    def _project(self, x: mx.array) -> mx.array:
        """Queries, keys and values side by side."""
        if "qkv_proj" in self:
            return self.qkv_proj(x)
        return mx.concatenate([self.q_proj(x), self.k_proj(x), self.v_proj(x)], axis=-1)


class MLP(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def fuse(self) -> None:
        """Make one projection of gate and up, if their packings allow it."""
        if "gate_proj" in self and (gate_up_proj := fused(self.gate_proj, self.up_proj)):
            self.gate_up_proj = gate_up_proj
            del self.gate_proj, self.up_proj

    def __call__(self, x: mx.array, residual: mx.array) -> mx.array:
        if "gate_up_proj" in self:
            gate, up = mx.split(self.gate_up_proj(x), 2, axis=-1)
        else:
            gate, up = self.gate_proj(x), self.up_proj(x)
        return add_projected(residual, swiglu(gate, up), self.down_proj)


class DecoderLayer(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.self_attn = Attention(config)
        self.mlp = MLP(config)
        self.input_layernorm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)

    def fuse(self) -> None:
        """Multiply once where the same input meets several matrices. The layer's own weights go into the joint ones."""
        self.self_attn.fuse()
        self.mlp.fuse()

    def __call__(self, x: mx.array, cache: LayerCache) -> mx.array:
        x = self.self_attn(self.input_layernorm(x), x, cache)
        return self.mlp(self.post_attention_layernorm(x), x)


class LanguageModel(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = [DecoderLayer(config) for _ in range(config.num_hidden_layers)]
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def __call__(self, embeddings: mx.array, cache: Sequence[LayerCache]) -> mx.array:
        """Embeddings [B, L, D] at the positions after the cache's -> hidden states [B, L, D], before the head."""
        x = embeddings
        for layer, layer_cache in zip(self.layers, cache, strict=True):
            x = layer(x, layer_cache)
        return x

    def logits(self, hidden: mx.array) -> mx.array:
        """Hidden states [B, L, D] -> logits [B, L, vocabulary]. In a prefill only the last position needs them."""
        hidden = self.norm(hidden)
        return self.lm_head(hidden) if "lm_head" in self else self.embed_tokens.as_linear(hidden)

    def new_cache(self) -> list[KVCache]:
        return [KVCache() for _ in self.layers]
