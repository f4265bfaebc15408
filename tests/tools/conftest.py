"""A world without art and fonts from elsewhere: things are opaque squares in a colour of their own."""

from functools import lru_cache

import pytest
from PIL import Image, ImageFont

from tools.embedded.world import lettering, pages, scenes, words
from tools.embedded.world.sprites import NAMES, Sprites


class SquareSprites(Sprites):
    """Every thing a full square whose red channel is its number; nothing is read."""

    def __init__(self) -> None:
        pass

    def scaled(self, name: str, style: str, size: int) -> tuple[Image.Image, Image.Image]:
        return Image.new("RGB", (size, size), (NAMES.index(name), 1, 254)), Image.new("L", (size, size), 255)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> scenes.World:
    """A world with square sprites and Pillow's own font."""
    face = lru_cache(lambda path, size: ImageFont.load_default(size))
    monkeypatch.setattr(words, "load_font", face)
    monkeypatch.setattr(scenes, "load_font", face)
    monkeypatch.setattr(lettering, "load_font", face)
    monkeypatch.setattr(pages, "load_font", face)
    return scenes.World(SquareSprites(), ("default",))
