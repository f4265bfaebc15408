"""The memory of pictures that were seen: by pixels and plan, within its bytes."""

from dataclasses import replace
from pathlib import Path

import mlx.core as mx
import numpy as np
from PIL import Image

from mlx_model.answering.features import FeatureCache
from mlx_model.media.images import Plan, tile_hash
from mlx_model.media.video import Clip
from tests.mlx_model.asking import noise

WHOLE = Plan(64, 64, 64, 64, rows=0, cols=0)
SPLIT = Plan(128, 64, 128, 64, rows=1, cols=2)
FEATURES = mx.zeros((1, 4, 8))


def test_equal_pixels_are_the_same_picture() -> None:
    cache = FeatureCache(1000)
    cache.put(noise().image, WHOLE, FEATURES)
    assert cache.get(noise().image.copy(), WHOLE) is FEATURES


def test_other_pixels_another_plan_or_another_shape_are_not_known() -> None:
    cache = FeatureCache(1000)
    cache.put(Image.new("RGB", (8, 4)), WHOLE, FEATURES)
    assert cache.get(Image.new("RGB", (8, 4)), SPLIT) is None
    assert cache.get(Image.new("RGB", (4, 8)), WHOLE) is None
    assert cache.get(Image.new("RGB", (8, 4), "white"), WHOLE) is None


def test_what_was_unused_for_longest_goes_first() -> None:
    cache = FeatureCache(2 * FEATURES.nbytes)
    cache.put(noise(seed=1).image, WHOLE, FEATURES)
    cache.put(noise(seed=2).image, WHOLE, FEATURES)
    cache.get(noise(seed=1).image, WHOLE)
    cache.put(noise(seed=3).image, WHOLE, FEATURES)
    assert [cache.get(noise(seed=seed).image, WHOLE) is not None for seed in (1, 2, 3)] == [True, False, True]
    assert cache.nbytes == cache.max_bytes


def test_what_is_too_large_for_all_of_it_is_not_kept() -> None:
    cache = FeatureCache(FEATURES.nbytes - 1)
    cache.put(noise().image, WHOLE, FEATURES)
    assert (cache.get(noise().image, WHOLE), cache.nbytes) == (None, 0)


def test_a_frame_is_known_by_its_place_in_the_file_as_it_was() -> None:
    cache = FeatureCache(1000)
    clip = Clip(Path("a.mp4"), "a.mp4", (0.0,), 1.0, stamp=(1, 2, 3, 4))
    cache.keep("tile", FEATURES)
    cache.know_frame(clip, 0, "tile")
    assert cache.get_frame(clip, 0) is FEATURES
    assert cache.get_frame(clip, 1) is None
    assert cache.get_frame(replace(clip, stamp=(1, 2, 3, 5)), 0) is None, "written anew"
    cache.know_frame(replace(clip, stamp=()), 0, "tile")
    assert cache.get_frame(replace(clip, stamp=()), 0) is None, "without a stamp nothing tells files apart"


def test_a_frame_whose_features_had_to_go_is_not_known() -> None:
    cache = FeatureCache(FEATURES.nbytes)
    clip = Clip(Path("a.mp4"), "a.mp4", (0.0,), 1.0, stamp=(1, 2, 3, 4))
    cache.keep("tile", FEATURES)
    cache.know_frame(clip, 0, "tile")
    cache.keep("other", FEATURES + 1)
    assert cache.get_frame(clip, 0) is None


def test_tiles_are_told_apart_by_pixels_and_shape() -> None:
    tiles = [np.zeros((4, 8, 3), np.uint8), np.zeros((8, 4, 3), np.uint8), np.ones((4, 8, 3), np.uint8)]
    assert len({tile_hash(tile) for tile in [*tiles, *map(np.copy, tiles)]}) == 3
