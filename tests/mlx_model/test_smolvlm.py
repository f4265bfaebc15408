"""Image tokens take their places among the words, in order."""

import mlx.core as mx
import numpy as np
import pytest

from mlx_model.loading.checkpoint import Checkpoint

D = 576


def features(count: int) -> mx.array:
    """Rows of one number each, 1000, 1001, ...: easy to tell from words and from each other."""
    return mx.broadcast_to(mx.arange(1000, 1000 + count)[:, None], (count, D)).astype(mx.float32)


def test_features_stand_where_the_image_tokens_are(seeing: Checkpoint) -> None:
    image = seeing.config.image_token_id
    assert image is not None
    ids = mx.array([[image, 5, image, image, 7, 8, image], [9, 9, image, 9, 9, image, 9]])
    embedded = np.asarray(seeing.model.embed(ids, features(6)))
    words = np.asarray(seeing.model.language_model.embed_tokens(ids))
    is_image = np.asarray(ids) == image
    assert embedded[is_image][:, 0].tolist() == [1000, 1001, 1002, 1003, 1004, 1005]
    assert np.array_equal(embedded[~is_image], words[~is_image])


def test_words_alone_are_their_embeddings(seeing: Checkpoint) -> None:
    ids = mx.array([[5, 6, 7]])
    assert mx.array_equal(seeing.model.embed(ids), seeing.model.language_model.embed_tokens(ids))


def test_features_of_tiles_are_taken_tile_after_tile(seeing: Checkpoint) -> None:
    ids = mx.array([[seeing.config.image_token_id] * 32])
    tiles = features(32).reshape(2, 16, D)
    assert mx.array_equal(seeing.model.embed(ids, tiles)[0], features(32))


def test_features_take_the_embeddings_dtype(seeing: Checkpoint) -> None:
    ids = mx.array([[seeing.config.image_token_id, 5]])
    dtype = seeing.model.language_model.embed_tokens.weight.dtype
    assert seeing.model.embed(ids, features(1).astype(mx.float16)).dtype == dtype


def test_a_padding_tile_is_skipped_wherever_it_stands(seeing: Checkpoint) -> None:
    tiles = np.random.default_rng(0).uniform(-1, 1, (2, 3, 64, 64)).astype(np.float32)
    padding = np.zeros_like(tiles[:1])
    ids = mx.array([[3, *[seeing.config.image_token_id] * 32, 4]])
    plain = seeing.model(ids, mx.array(tiles[None]))
    for padded in ([*tiles, *padding], [tiles[0], *padding, tiles[1]], [*padding, *tiles, *padding]):
        assert mx.array_equal(seeing.model(ids, mx.array(np.stack(padded)[None])), plain)


@pytest.mark.parametrize("image_tokens", [0, 15, 17, 32])
def test_too_few_or_too_many_image_tokens_are_an_error_with_both_numbers(image_tokens: int, seeing: Checkpoint) -> None:
    ids = mx.array([[3, *[seeing.config.image_token_id] * image_tokens, 4]])
    tile = mx.ones((1, 1, 3, 64, 64))
    with pytest.raises(ValueError, match=f"{image_tokens} image tokens, 16 features"):
        seeing.model(ids, tile)
