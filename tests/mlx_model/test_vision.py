"""The encoder sees each tile alone, patch by patch, as a convolution would."""

import mlx.core as mx
import numpy as np
import pytest

from mlx_model.config import VisionConfig
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.vision import Embeddings, VisionModel


def pixels(tiles: int, side: int, seed: int = 0) -> mx.array:
    return mx.array(np.random.default_rng(seed).uniform(-1, 1, (tiles, side, side, 3)).astype(np.float32))


@pytest.mark.parametrize(
    ("image_size", "patch_size"), [(64, 4), (110, 4), (384, 14), (48, 16)], ids=["whole", "rest of 2", "SO400M", "B/16"]
)
def test_patches_are_those_of_a_convolution(image_size: int, patch_size: int) -> None:
    """A rest at the right and lower edge is left out, as a convolution without padding leaves it out."""
    mx.random.seed(0)
    embeddings = Embeddings(VisionConfig(32, 2, image_size, patch_size))
    tiles = pixels(2, image_size)
    convolved = embeddings.patch_embedding(tiles)
    side = image_size // patch_size
    assert convolved.shape == (2, side, side, 32)
    expected = convolved.reshape(2, side**2, 32) + embeddings.position_embedding.weight
    assert float(mx.abs(embeddings(tiles) - expected).max()) < 1e-5


def test_a_tile_is_encoded_alike_alone_and_among_others(seeing: Checkpoint) -> None:
    tiles = pixels(3, 64)
    together = seeing.model.encode_tiles(tiles)
    assert together.shape == (3, 16, 576)
    for number in range(3):
        alone = seeing.model.encode_tiles(tiles[number : number + 1])[0]
        assert float(mx.abs(together[number] - alone).max()) < 1e-5 * float(mx.abs(alone).max())


def test_every_patch_matters_to_every_feature(seeing: Checkpoint) -> None:
    """Attention is open: a pixel in the last corner changes what is said of the first."""
    tile = pixels(1, 64)
    changed = mx.array(tile)
    changed[0, -1, -1] += 1.0
    difference = mx.abs(seeing.model.vision_model(tile) - seeing.model.vision_model(changed)).max(axis=-1)
    assert float(difference.min()) > 0


def test_features_take_the_weights_dtype(seeing: Checkpoint) -> None:
    model = VisionModel(VisionConfig(32, 2, 16, 4, intermediate_size=64, num_hidden_layers=1))
    assert model(pixels(1, 16).astype(mx.float16)).dtype == mx.float32
