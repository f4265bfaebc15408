"""Each style's art is read from its own package; what an older style lacks another draws, what nobody draws is told."""

from pathlib import Path

import pytest
from PIL import Image

from tools.embedded.world.sprites import ANY_COLOUR, CLASSES, COLOURED, FOLDERS, NAMES, Sprites

RED, BLUE = (250, 0, 0, 255), (0, 0, 250, 255)


def draw(art: Path, style: str, inside: str, names: tuple[str, ...], colour: tuple[int, int, int, int]) -> None:
    folder = art / style / "package" / inside
    folder.mkdir(parents=True)
    for name in names:
        code = "-".join(f"{ord(character):04x}" for character in CLASSES[name])
        Image.new("RGBA", (8, 8), colour).save(folder / f"{code}.png")


def test_what_a_style_lacks_is_drawn_in_another(tmp_path: Path) -> None:
    draw(tmp_path, "twitter", "img/twitter/64", NAMES, RED)
    draw(tmp_path, "emojione", FOLDERS["emojione"][0], NAMES[:10], BLUE)
    sprites = Sprites(tmp_path, ("twitter", "emojione"))
    for number, name in enumerate(NAMES):
        colours, alpha = sprites.scaled(name, "emojione", 20)
        assert colours.getpixel((10, 10)) == (BLUE if number < 10 else RED)[:3] and alpha.getpixel((10, 10)) == 255
        assert sprites.scaled(name, "twitter", 20)[0].getpixel((10, 10)) == RED[:3]


def test_what_comes_in_any_colour_is_known_and_not_called_by_one() -> None:
    assert set(NAMES) >= ANY_COLOUR and not any(name.endswith(COLOURED) for name in ANY_COLOUR)


def test_a_style_that_is_not_there_is_named(tmp_path: Path) -> None:
    draw(tmp_path, "twitter", "img/twitter/64", NAMES, RED)
    with pytest.raises(FileNotFoundError, match="emojione"):
        Sprites(tmp_path, ("twitter", "emojione"))
