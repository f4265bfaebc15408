"""Writes the sample pictures of the demo: the first of a fixed seed that training never drew from, hits and misses."""

import argparse
import json
from pathlib import Path

import numpy as np

from tools.embedded.world.questions import whole_answers
from tools.embedded.world.scenes import Knobs, World
from tools.embedded.world.sprites import Sprites
from tools.embedded.world.words import find_fonts

SAMPLE_SEED = 9_000_000
SAMPLE_SIZES = ((256, 256), (128, 128), (256, 192), (256, 256), (128, 128))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write into")
    parser.add_argument("--art", type=Path, required=True, help="folder with google/ and twitter/ packages unpacked")
    parser.add_argument("--fonts", type=Path, action="append", required=True, help="folder of .ttf fonts; repeatable")
    given = parser.parse_args()
    write_samples(World(Sprites(given.art), find_fonts(given.fonts)), given.out)


def write_samples(world: World, folder: Path) -> None:
    """The sample pictures as PNG, and truths.json: file name -> right caption."""
    folder.mkdir(parents=True, exist_ok=True)
    truths = {}
    for number, size in enumerate(SAMPLE_SIZES):
        scene = world.sample_scene(np.random.default_rng(SAMPLE_SEED + number), *size, Knobs())
        name = f"scene-{number + 1}.png"
        world.draw(scene).save(folder / name, optimize=True)
        truths[name] = whole_answers(scene)["describe"]
    (folder / "truths.json").write_text(json.dumps(truths, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
