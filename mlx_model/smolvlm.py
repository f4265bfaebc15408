"""SmolVLM: encoder, connector and decoder joined.

Module names are those of mlx-vlm's Idefics3 port, so that folders we write can be read there and the other way round.
Mirrors `SmolVLMForConditionalGeneration` in transformers' models/smolvlm/modeling_smolvlm.py.
"""

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from mlx_model.config import ModelConfig
from mlx_model.connector import Connector
from mlx_model.language import LanguageModel
from mlx_model.vision import VisionModel


class SmolVLM(nn.Module):
    """The model of a checkpoint; a text-only SmolLM2 has the decoder alone."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.language_model = LanguageModel(config.text)
        if config.vision is not None:
            self.vision_model = VisionModel(config.vision)
            self.connector = Connector(config)

    def encode_tiles(self, pixels: mx.array) -> mx.array:
        """Normalised pixels [T, H, W, 3] -> image tokens [T, tokens per tile, D]."""
        return self.connector(self.vision_model(pixels))

    def embed(self, ids: mx.array, features: mx.array | None = None) -> mx.array:
        """Token ids [B, L] -> embeddings [B, L, D], image tokens taken in order from `features` [..., D].

        The number of image tokens among the ids must be the number of features: the callers see to it.
        """
        embeddings = self.language_model.embed_tokens(ids)
        if features is None:
            return embeddings
        features = features.reshape(-1, features.shape[-1]).astype(embeddings.dtype)
        is_image = (ids == self.config.image_token_id).reshape(-1)
        order = mx.maximum(mx.cumsum(is_image.astype(mx.int32)) - 1, 0)
        merged = mx.where(is_image[:, None], features[order], embeddings.reshape(len(is_image), -1))
        return merged.reshape(embeddings.shape)

    def __call__(self, input_ids: mx.array, pixel_values: mx.array | None = None) -> mx.array:
        """Logits [B, L, vocabulary] for whole sequences, in the reference's calling convention.

        `input_ids` [B, L]; `pixel_values` [B, tiles, 3, H, W], normalised, as transformers' processor makes them: a
        tile of zeros alone is padding and skipped. Raises ValueError where image tokens and features differ in number.
        """
        ids, features = mx.array(input_ids), None
        if pixel_values is not None:
            pixels = mx.array(pixel_values)
            pixels = pixels.reshape(-1, *pixels.shape[-3:]).transpose(0, 2, 3, 1)
            is_real = np.asarray(mx.any(pixels.reshape(len(pixels), -1) != 0, axis=1))
            pixels = pixels[mx.array(np.flatnonzero(is_real))]
            features = self.encode_tiles(pixels)
            wanted = int((ids == self.config.image_token_id).sum())
            given = features.shape[0] * features.shape[1]
            if wanted != given:
                raise ValueError(f"{wanted} image tokens, {given} features: the prompt and the pixels do not match")
        hidden = self.language_model(self.embed(ids, features), self.language_model.new_cache())
        return self.language_model.logits(hidden)
