"""Real photographs that public packages ship: what the checkpoint has never seen and should decline to name.

`scikit-image` and `scikit-learn` hold them in their wheels; README.md says how to unpack those. Nothing here is used in
training. Knows files, no model.
"""

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

NAMES = (
    "astronaut brick camera cell chelsea clock_motion coffee coins grass gravel hubble_deep_field ihc microaneurysms "
    "moon motorcycle_left motorcycle_right page retina rocket text china flower"
).split()


def find_photos(folder: Path) -> list[Path]:
    """The photographs of NAMES below `folder`, in that order; FileNotFoundError names the first that is missing."""
    found = {path.stem: path for ending in ("png", "jpg") for path in sorted(folder.rglob(f"*.{ending}"))}
    for name in NAMES:
        if name not in found:
            raise FileNotFoundError(f"no photograph {name} in {folder}: see tools/embedded/README.md")
    return [found[name] for name in NAMES]


def stream_photos(folder: Path) -> Iterator[Image.Image]:
    for path in find_photos(folder):
        with Image.open(path) as photo:
            yield photo.convert("RGB")


def quarters(photo: Image.Image) -> tuple[Image.Image, ...]:
    """Its four corners, each half as wide and high."""
    width, height = photo.width // 2, photo.height // 2
    return tuple(photo.crop((x, y, x + width, y + height)) for y in (0, height) for x in (0, width))
