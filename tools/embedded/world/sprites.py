"""Things as small pictures: the classes, their names in the singular and plural, their sprites in every art style.

The art is read from unpacked npm packages (`emoji-datasource-google`, `emoji-datasource-twitter`; for training alone
`emojione` and, as `rasterise.py` draws them, `@iconify-json/noto-v1`, `fxemoji`, `streamline-emojis`, `openmoji` and
`emojione-v1`; for testing alone `@lobehub/fluent-emoji-3d`); README.md says how to fetch it and under which licences it
stands. Knows nothing of scenes.
"""

import json
from functools import lru_cache
from pathlib import Path

from PIL import Image

CLASSES_FILE = Path(__file__).with_name("classes.json")
CLASSES: dict[str, str] = json.loads(CLASSES_FILE.read_text(encoding="utf-8"))
NAMES = tuple(CLASSES)
STYLES = ("google", "twitter")
RASTERISED = ("blobs", "firefox", "streamline", "openmoji", "emojione1")
TAUGHT = (*STYLES, "emojione", *RASTERISED)  # what training draws in; evaluation keeps to the first two
UNSEEN_STYLE = "fluent"  # never drawn in training; evaluation looks at it
FOLDERS = {  # of a package, and the ending
    "emojione": ("assets/png", "png"),
    UNSEEN_STYLE: ("assets", "webp"),
    **dict.fromkeys(RASTERISED, ("png", "png")),
}
STAND_INS = {  # for what a style lacks: 23 of the things in one of 2016, up to 75 in the others, none in OpenMoji
    "emojione": "twitter",
    "blobs": "google",
    "firefox": "twitter",
    "streamline": "twitter",
    "emojione1": "emojione",
}
COLOURED = ("heart", "circle", "square", "apple")  # the last word of the names that begin with their colour
ANY_COLOUR = frozenset(  # made or grown in so many colours that none tells what it is
    (
        "butterfly,snail,octopus,fish,parrot,dinosaur,rose,tulip,cake,lollipop,car,bus,truck,tractor,bicycle,motorcycle,"
        "train,plane,rocket,helicopter,sailing boat,ship,house,castle,tent,umbrella,balloon,gift,drum,guitar,lock,"
        "alarm clock,hourglass,watch,phone,laptop,television,candle,book,pencil,crown,top hat,shoe,shirt,dress,"
        "backpack,robot,ghost,alien,magnet,teddy bear,chair"
    ).split(",")
)

PLURALS = {
    "mouse": "mice",
    "wolf": "wolves",
    "butterfly": "butterflies",
    "octopus": "octopuses",
    "fish": "fish",
    "sheep": "sheep",
    "shrimp": "shrimps",
    "cactus": "cacti",
    "maple leaf": "maple leaves",
    "strawberry": "strawberries",
    "peach": "peaches",
    "tomato": "tomatoes",
    "potato": "potatoes",
    "cup of coffee": "cups of coffee",
    "bus": "buses",
    "trophy": "trophies",
    "hourglass": "hourglasses",
    "watch": "watches",
    "dress": "dresses",
    "fox": "foxes",
    "snowman": "snowmen",
}


def plural(name: str) -> str:
    return PLURALS.get(name, name + "s")


def with_article(name: str) -> str:
    return f"an {name}" if name[0] in "aeio" or name.startswith(("hour", "umb")) else f"a {name}"


class Sprites:
    """Sprites by name and style, cut to their drawn part and scaled on demand."""

    def __init__(self, art: Path, styles: tuple[str, ...] = STYLES) -> None:
        """`art` holds one folder per style with the unpacked package; FileNotFoundError names what is missing."""
        self._originals = {(name, style): _read(art, style, CLASSES[name]) for name in NAMES for style in styles}
        self._cached = lru_cache(maxsize=12000)(self._scale)

    def scaled(self, name: str, style: str, size: int) -> tuple[Image.Image, Image.Image]:
        """Colours and alpha of one sprite whose longer side has `size` pixels."""
        return self._cached(name, style, size)

    def _scale(self, name: str, style: str, size: int) -> tuple[Image.Image, Image.Image]:
        original = self._originals[name, style]
        ratio = size / max(original.size)
        shape = (max(1, round(original.width * ratio)), max(1, round(original.height * ratio)))
        scaled = original.resize(shape, Image.Resampling.BICUBIC)
        return scaled.convert("RGB"), scaled.getchannel("A")


def code_points(emoji: str) -> str:
    """As the files of emoji sets are named."""
    return "-".join(f"{ord(character):04x}" for character in emoji)


def _read(art: Path, style: str, emoji: str) -> Image.Image:
    code = code_points(emoji)
    plain = code.removesuffix("-fe0f")
    package = art / style / "package"
    inside, ending = FOLDERS.get(style, (f"img/{style}/64", "png"))
    folder = package / inside
    for name in (code, plain, plain + "-fe0f"):
        if (path := folder / f"{name}.{ending}").exists():
            with Image.open(path) as picture:
                sprite = picture.convert("RGBA")
            return sprite.crop(sprite.getchannel("A").getbbox())
    if folder.exists() and style in STAND_INS:
        return _read(art, STAND_INS[style], emoji)
    raise FileNotFoundError(f"no sprite for {emoji} ({code}) in {folder}")
