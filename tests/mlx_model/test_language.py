"""The decoder: what a position may see, how heads share keys, where the head comes from."""

from dataclasses import replace

import mlx.core as mx
import numpy as np
import pytest
from mlx.utils import tree_flatten

from mlx_model.config import TextConfig
from mlx_model.device.arithmetic import rope
from mlx_model.language import LanguageModel

CONFIG = TextConfig(
    hidden_size=96,
    intermediate_size=160,
    num_hidden_layers=2,
    num_attention_heads=6,
    num_key_value_heads=2,
    head_dim=16,
    rope_theta=100_000.0,
    max_position_embeddings=64,
    vocab_size=101,
    rms_norm_eps=1e-5,
    tie_word_embeddings=False,
)
IDS = mx.array(np.random.default_rng(0).integers(0, 101, (2, 11)))


def build(config: TextConfig = CONFIG) -> LanguageModel:
    mx.random.seed(1)
    model = LanguageModel(config)
    mx.eval(model.parameters())
    return model


def logits(model: LanguageModel, ids: mx.array = IDS) -> mx.array:
    return model.logits(model(model.embed_tokens(ids), model.new_cache()))


def largest(difference: mx.array) -> float:
    return float(mx.abs(difference).max())


def test_a_position_does_not_see_what_comes_after_it() -> None:
    model = build()
    changed = mx.array(IDS)
    changed[:, 7] = (changed[:, 7] + 1) % 101
    before, after = logits(model), logits(model, changed)
    assert largest(before[:, :7] - after[:, :7]) == 0
    for position in range(7, 11):
        assert largest(before[:, position] - after[:, position]) > 1e-3


def test_shared_keys_are_keys_repeated_for_each_of_their_heads() -> None:
    grouped = build()
    plain = build(replace(CONFIG, num_key_value_heads=6))
    weights: dict[str, mx.array] = dict(tree_flatten(grouped.parameters()))
    for name, weight in weights.items():
        if ".k_proj." in name or ".v_proj." in name:
            weights[name] = mx.repeat(weight.reshape(2, 16, 96), 3, axis=0).reshape(96, 96)
    plain.load_weights(list(weights.items()))
    assert largest(logits(grouped) - logits(plain)) < 1e-5


def test_a_tied_head_is_the_embedding() -> None:
    tied, untied = build(replace(CONFIG, tie_word_embeddings=True)), build()
    assert "lm_head" not in tied
    weights: dict[str, mx.array] = dict(tree_flatten(tied.parameters()))
    untied.load_weights([*weights.items(), ("lm_head.weight", tied.embed_tokens.weight)])
    assert largest(logits(tied) - logits(untied)) < 1e-5


def test_logits_of_the_last_position_need_no_other() -> None:
    model = build()
    hidden = model(model.embed_tokens(IDS), model.new_cache())
    assert largest(model.logits(hidden)[:, -1] - model.logits(hidden[:, -1:])[:, 0]) < 1e-5


def test_only_distances_between_positions_count() -> None:
    """Rotary positions: after a first token that nobody attends to, the same words at other places are the same."""
    queries = mx.array(np.random.default_rng(2).standard_normal((1, 6, 2, 16)).astype(np.float32))
    turned = [rope(queries, 6, base=CONFIG.rope_theta, offset=offset) for offset in (0, 40)]
    scores = [each @ each.swapaxes(-1, -2) for each in turned]
    assert largest(scores[0] - scores[1]) < 1e-4


@pytest.mark.parametrize("head_dim", [8, 32])
def test_heads_may_be_wider_or_narrower_than_their_share(head_dim: int) -> None:
    model = build(replace(CONFIG, head_dim=head_dim))
    assert model.layers[0].self_attn.q_proj.weight.shape == (6 * head_dim, 96)
    assert logits(model).shape == (2, 11, 101)
