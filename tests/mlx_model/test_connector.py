"""Pixel shuffle puts r x r neighbours side by side, row by row; nothing is lost, doubled or out of its place."""

import mlx.core as mx
import numpy as np
import pytest

from mlx_model.connector import pixel_shuffle


@pytest.mark.parametrize(("side", "r"), [(4, 1), (4, 2), (6, 3), (9, 3), (27, 3), (8, 4), (32, 4)])
def test_neighbours_become_one_token_row_by_row(side: int, r: int) -> None:
    T, D = 2, 3
    x = np.arange(T * side * side * D, dtype=np.float32).reshape(T, side * side, D)
    shuffled = np.asarray(pixel_shuffle(mx.array(x), r))
    assert shuffled.shape == (T, (side // r) ** 2, D * r * r)
    for row in range(side // r):
        for column in range(side // r):
            token = shuffled[:, row * (side // r) + column]
            for a in range(r):
                for b in range(r):
                    patch = x[:, (row * r + a) * side + column * r + b]
                    place = (a * r + b) * D
                    assert np.array_equal(token[:, place : place + D], patch)


@pytest.mark.parametrize(("patches", "r"), [(16, 3), (12, 2), (27, 3)])
def test_a_grid_that_does_not_divide_is_the_programmers_mistake(patches: int, r: int) -> None:
    with pytest.raises(AssertionError, match=f"{patches} patches cannot be shuffled by {r}"):
        pixel_shuffle(mx.zeros((1, patches, 4)), r)
