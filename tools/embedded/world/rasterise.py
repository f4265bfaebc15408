"""An iconify package of emoji as PNGs of the things that `sprites.py` looks for, for sets that are npm packages of SVG.

    python -m tools.embedded.world.rasterise blobs art/blobs

reads `icons.json` in the unpacked package, `art/blobs/package`, and writes `art/blobs/package/png/1f436.png` and so
on. These sets go by words, not by code points, so things are found by their names here, in Unicode or in OTHER_NAMES.
What a set lacks is not written: another style stands in for it. Needs `resvg-py`, which nothing else does.
"""

import argparse
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import resvg_py

from tools.embedded.world.sprites import CLASSES, code_points

SIZE = 96  # pixels a side
OTHER_NAMES = {  # nearest first, and tried before our own name, which means something else in some sets
    "rabbit": ("bunny",),
    "fox": ("foxsmiling",),
    "ladybird": ("lady-beetle",),
    "bee": ("honeybee",),
    "fish": ("tropical-fish",),
    "camel": ("two-hump-camel", "bactrian-camel"),
    "sheep": ("ewe",),
    "squirrel": ("chipmunk",),
    "pine tree": ("evergreen-tree", "evergreen"),
    "clover": ("four-leaf-clover",),
    "aubergine": ("eggplant",),
    "pizza": ("slice-of-pizza",),
    "cake": ("birthday-cake",),
    "ice cream": ("soft-ice-cream",),
    "car": ("automobile",),
    "truck": ("delivery-truck",),
    "train": ("steam-locomotive", "locomotive"),
    "plane": ("airplane",),
    "police car": ("police-car", "oncoming-police-car"),
    "house": ("house", "house-building", "house-with-garden"),
    "castle": ("european-castle",),
    "sun": ("white-sun",),
    "snowman": ("snowman-without-snow",),
    "gift": ("wrapped-gift", "present"),
    "football": ("soccer-ball",),
    "basketball": ("basketball-and-hoop",),
    "tennis ball": ("tennis",),
    "lock": ("locked",),
    "hourglass": ("hourglass-done",),
    "phone": ("mobile-phone", "cellphone"),
    "book": ("closed-book", "green-book"),
    "envelope": ("envelope", "e-mail"),
    "shoe": ("running-shoe",),
    "shirt": ("t-shirt", "mans-shirt"),
    "backpack": ("school-backpack", "school-satchel"),
    "globe": ("globe-showing-europe-africa", "europe-africa-globe"),
    "red heart": ("heart-suit",),
    **{f"{colour} heart": (f"heart-{colour}",) for colour in ("yellow", "green", "blue", "purple")},
}
OTHERS_THAN_NAMED: dict[str, set[str]] = {  # what a set draws under a thing's name and is not that thing alone
    "blobs": {"laptop", "tennis ball"},  # a desktop computer, a racquet
    # a screen, a folded one, a corner of one, a teal one; the others are pictures in a frame
    "firefox": {"laptop", "umbrella", "blue heart", "green heart", "sailing boat", "ship", "tent", "rainbow"},
    "streamline": {"envelope", "ship", "castle", "tent", "rainbow"},  # one with a letter on it; pictures in a frame
    "openmoji": set(),
    # a screen, a satchel; pictures in a frame
    "emojione1": {"laptop", "backpack", "ship", "castle", "tent", "rainbow"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("style", choices=sorted(OTHERS_THAN_NAMED))
    parser.add_argument("folder", type=Path, help="where the package is unpacked")
    given = parser.parse_args()
    written = rasterise(given.folder / "package", OTHERS_THAN_NAMED[given.style])
    lacking = ", ".join(name for name in CLASSES if name not in written)
    print(f"{given.style}: {len(written)} of {len(CLASSES)}, without {lacking}")


def rasterise(package: Path, without: set[str]) -> dict[str, str]:
    """Which icon each thing was drawn from, for those that the package has."""
    icons = json.loads((package / "icons.json").read_text(encoding="utf-8"))
    found = {name: icon for name in CLASSES if name not in without and (icon := _find(icons, name))}
    folder = package / "png"
    folder.mkdir(exist_ok=True)
    for stale in folder.glob("*.png"):
        stale.unlink()
    for name, icon in found.items():
        picture = resvg_py.svg_to_bytes(svg_string=_svg(icons, icon), width=SIZE, height=SIZE, skip_system_fonts=True)
        (folder / f"{code_points(CLASSES[name]).removesuffix('-fe0f')}.png").write_bytes(bytes(picture))
    return found


def _find(icons: dict[str, Any], name: str) -> str | None:
    by_letters = {_letters(icon): icon for icon in reversed((*icons["icons"], *icons.get("aliases", {})))}
    names = (*OTHER_NAMES.get(name, ()), name, f"{name} face", unicodedata.name(CLASSES[name][0]))
    return next((by_letters[letters] for letters in map(_letters, names) if letters in by_letters), None)


def _letters(name: str) -> str:
    """Sets differ in hyphens, and number the variants of a thing."""
    return re.sub(r"-1$|[^a-z0-9]", "", name.lower())


def _svg(icons: dict[str, Any], icon: str) -> str:
    drawn = icons["icons"][icons.get("aliases", {}).get(icon, {}).get("parent", icon)]
    left, top = drawn.get("left", 0), drawn.get("top", 0)
    width = drawn.get("width", icons.get("width", 16))
    height = drawn.get("height", icons.get("height", 16))
    box = f"{left} {top} {width} {height}"
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {spaces} viewBox="{box}">{drawn["body"]}</svg>'


if __name__ == "__main__":
    main()
