"""Resizing in bands changes no bit."""

import random

import pytest
from PIL import Image

from mlx_model.media import lanczos
from tests.picture_bytes import noise


@pytest.mark.parametrize("cores", [1, 2, 3, 64])
def test_any_size_equals_pillows_own_resize(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanczos, "CORES", cores)
    monkeypatch.setattr(lanczos, "MAX_BAND", 100)
    chance = random.Random(cores)
    for _ in range(30):
        image = noise(chance.randint(1, 300), chance.randint(1, 300))
        width, height = chance.randint(1, 400), chance.choice([image.height, chance.randint(1, 400)])
        expected = image.resize((width, height), Image.Resampling.LANCZOS)
        assert lanczos.resize(image, width, height).tobytes() == expected.tobytes(), (image.size, width, height)


def test_a_picture_of_the_right_size_is_not_copied() -> None:
    image = noise(20, 10)
    assert lanczos.resize(image, 20, 10) is image
