"""Writes tests/parity/fixtures/pictures: twenty scenes that no training saw, each with a question about it.

    python -m tools.parity.pictures --art ART --fonts FONTS

The art and the fonts are those of `tools/embedded` (see its README.md). Pictures are stored with few colours, so that
they stay small; what counts is that both sides read the same ones.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from tools.embedded.world.questions import Asker
from tools.embedded.world.scenes import Knobs, World
from tools.embedded.world.sprites import Sprites
from tools.embedded.world.words import find_fonts

OUT = Path(__file__).parents[2] / "tests" / "parity" / "fixtures" / "pictures"
SEED = 9_000_000
COUNT = 20
# All grids of a checkpoint with two tiles along the long edge, and shapes that do not divide.
SIZES = ((128, 128), (256, 192), (192, 256), (256, 256), (250, 120), (110, 230), (160, 90), (333, 250))
COLOURS = 48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--art", type=Path, required=True, help="folder with google/ and twitter/ packages unpacked")
    parser.add_argument("--fonts", type=Path, action="append", required=True, help="folder of .ttf fonts; repeatable")
    given = parser.parse_args()
    world = World(Sprites(given.art), find_fonts(given.fonts))
    OUT.mkdir(parents=True, exist_ok=True)
    questions = {}
    for number in range(COUNT):
        rng = np.random.default_rng(SEED + number)
        scene = world.sample_scene(rng, *SIZES[number % len(SIZES)], Knobs())
        asked = Asker(rng).ask(scene)
        file = f"{number:02}.png"
        questions[file] = asked[number % len(asked)].text if number % 2 else "Describe this image."
        fewer = world.draw(scene).quantize(COLOURS, dither=Image.Dither.NONE)
        fewer.save(OUT / file, optimize=True)
    (OUT / "questions.json").write_text(json.dumps(questions, indent=2) + "\n", encoding="utf-8")
    print(f"{COUNT} pictures, {sum(file.stat().st_size for file in OUT.iterdir()) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
