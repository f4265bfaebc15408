"""Makes small files of the real photographs that training shows to be declined, out of unpacked Debian packages.

`negatives.json` says which: by package, patterns of paths; one that begins with "!" takes files out again. README.md
says how to fetch the packages and under which licences they stand. None of them is among the photographs of
evaluation. Knows files, no model.
"""

import argparse
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from PIL import Image

CHOSEN: dict[str, list[str]] = json.loads(Path(__file__).with_name("negatives.json").read_text(encoding="utf-8"))
STAMPS = "tuxpaint-stamps-default"  # single things on transparent ground
SHORT = 384  # pixels of a whole photograph's short side
LONG = 256  # pixels of a stamp's long side


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", type=Path, help="folder with a folder per package, named after it")
    parser.add_argument("out", type=Path, help="folder to write, such as photographs")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for package in CHOSEN:
        paths = list(find_chosen(given.packages, package))
        for path in paths:
            write_small(path, given.out, package)
        print(f"{package}: {len(paths)}")


def find_chosen(packages: Path, package: str) -> Iterator[Path]:
    """The chosen files of a package; FileNotFoundError names a package or a pattern without any."""
    folder = packages / package
    inside = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    patterns = [pattern for pattern in CHOSEN[package] if not pattern.startswith("!")]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in inside):
            raise FileNotFoundError(f"nothing like {pattern} in {folder}: see tools/embedded/README.md")
    for name in inside:
        if any(fnmatchcase(name, pattern) for pattern in patterns) and not is_left_out(name, package):
            yield folder / name


def is_left_out(name: str, package: str) -> bool:
    return any(fnmatchcase(name, pattern[1:]) for pattern in CHOSEN[package] if pattern.startswith("!"))


def write_small(path: Path, out: Path, package: str) -> None:
    """A stamp as PNG with alpha, cut to what it shows; a whole photograph as JPEG."""
    with Image.open(path) as picture:
        if package == STAMPS:
            stamp = picture.convert("RGBA")
            stamp = stamp.crop(stamp.getchannel("A").getbbox())
            stamp.thumbnail((LONG, LONG), Image.Resampling.LANCZOS)
            stamp.save(out / f"stamp-{path.parent.name}-{path.stem}.png")
            return
        ratio = min(1.0, SHORT / min(picture.size))
        size = (round(picture.width * ratio), round(picture.height * ratio))
        folder = path.parents[2].name if path.parent.name == "images" else path.parent.name
        small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        small.save(out / f"{folder}-{path.stem}.jpg", quality=90)


if __name__ == "__main__":
    main()
