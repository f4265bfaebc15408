"""FLOPs and bytes against numbers worked out by hand."""

from dataclasses import replace

import pytest

from mlx_model.config import ModelConfig, TextConfig, VisionConfig
from mlx_model.measuring.counts import decode_flops, kv_cache_bytes, prefill_flops, vision_flops, weight_bytes

# One layer, width 4, two heads of 2 on one key head, MLP of 8, ten words:
# q 4x4, k 4x2, v 4x2, o 4x4, gate, up and down 4x8 each = 16 + 8 + 8 + 16 + 96 = 144 weights; the head has 40.
TEXT = TextConfig(
    hidden_size=4,
    intermediate_size=8,
    num_hidden_layers=1,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=2,
    rope_theta=1e4,
    max_position_embeddings=64,
    vocab_size=10,
    rms_norm_eps=1e-5,
    tie_word_embeddings=False,
)
# Tiles of 4 pixels in patches of 2: four patches, shuffled into one token of 4 * 6 numbers.
VISION = VisionConfig(
    hidden_size=6, num_attention_heads=2, image_size=4, patch_size=2, intermediate_size=12, num_hidden_layers=1
)
CONFIG = ModelConfig("smolvlm", TEXT, VISION, scale_factor=2, image_token_id=9)


def test_a_token_multiplies_every_weight_once_and_looks_at_every_position() -> None:
    # 144 + 40 multiply-adds in matrices; two products of 4 (2 heads of 2) with each of 5 positions.
    assert decode_flops(TEXT, 5) == 2 * (144 + 40 + 2 * 4 * 5)


def test_a_prompt_sees_only_what_came_before_and_pays_for_one_row_of_logits() -> None:
    # Three tokens see 1 + 2 + 3 = 6 positions.
    assert prefill_flops(TEXT, 3) == 2 * (3 * 144 + 2 * 4 * 6 + 40)


def test_a_prompt_of_one_token_costs_what_a_token_costs() -> None:
    assert prefill_flops(TEXT, 1) == decode_flops(TEXT, 1)


def test_layers_cost_alike() -> None:
    twice = replace(TEXT, num_hidden_layers=2)
    assert decode_flops(twice, 5) - decode_flops(TEXT, 5) == 2 * (144 + 40)


def test_a_tile_costs_patches_layers_and_the_connector() -> None:
    patches = 4 * (3 * 2 * 2) * 6
    layer = 4 * (4 * 6 * 6) + 2 * (4 * 6 * 12) + 2 * (4 * 4 * 6)
    connector = 1 * 24 * 4
    assert vision_flops(CONFIG, 1) == 2 * (patches + layer + connector)
    assert vision_flops(CONFIG, 13) == 13 * vision_flops(CONFIG, 1)


def test_a_model_without_eyes_spends_nothing_on_looking() -> None:
    assert vision_flops(ModelConfig("llama", TEXT), 3) == 0


def test_a_token_reads_the_keys_and_values_of_every_position() -> None:
    # One key head of 2: 2 keys and 2 values a position, two bytes each.
    assert kv_cache_bytes(TEXT, 5, itemsize=2) == 5 * 4 * 2


@pytest.mark.parametrize(("tied", "embedding_read"), [(False, 8), (True, 80 + 8)])
def test_a_token_reads_the_decoder_and_one_row_of_the_embedding(tied: bool, embedding_read: int) -> None:
    sizes = {
        "vision_model.post_layernorm.weight": 1000,
        "connector.modality_projection.proj.weight": 1000,
        "language_model.embed_tokens.weight": 80,  # ten rows of four numbers, two bytes each
        "language_model.layers.0.self_attn.q_proj.weight": 32,
        "language_model.layers.0.self_attn.q_proj.scales": 4,
        "language_model.norm.weight": 8,
    }
    assert weight_bytes(sizes, replace(TEXT, tie_word_embeddings=tied)) == 32 + 4 + 8 + embedding_read
