"""Packs a hub-form folder into the one that ships: converted by the product's own `convert`, with what a reader needs.

Beside the model stand `classes.json` (what it knows), `notice.txt` (what the product says each time it is used),
`NOTICE` (whose art it was trained on) and `MODEL_CARD.md`, whose tables `evaluate --write` fills in.
"""

import argparse
import shutil
from pathlib import Path

from convert.conversion import convert
from convert.recipe import Recipe
from tools.embedded.world.sprites import CLASSES_FILE

LIMIT = 12_000_000  # bytes, all files together
NOTICE = (
    "The embedded model knows one to five drawn things (see classes.json), their places, counts and colours, and plain "
    "or fading backgrounds. It reads short words in capitals, and one of nine wrongly. It knows nothing of "
    "photographs, people or screens."
)
ART = """\
This model was trained from scratch on pictures drawn with eight sets of emoji:

- Noto Emoji, today's and its first version, copyright Google LLC, Apache License 2.0
- Firefox OS Emoji (https://github.com/mozilla/fxemoji), copyright Mozilla, Apache License 2.0
- Twemoji, copyright Twitter, Inc and other contributors, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/);
  scaled and placed on other backgrounds
- EmojiOne 2.2, provided by Emoji One (http://emojione.com), CC BY 4.0; changed in the same way
- Streamline Emojis, by Streamline (https://github.com/webalys-hq/streamline-vectors), CC BY 4.0; changed in the same
  way
- OpenMoji (https://openmoji.org), by the OpenMoji project, and EmojiOne 1, provided by Emoji One, both CC BY-SA 4.0
  (https://creativecommons.org/licenses/by-sa/4.0/); changed in the same way

Examples of what to decline were made of photographs, cropped, scaled and changed: Tux Paint's stamps (Bill Kendrick and
contributors, GPL 2), MATE's backgrounds and GNOME's pictures for accounts (GPL 2 or later), those of KDE Plasma (CC0),
Plasma's wallpapers (LGPL 3; Volna by Nikita Babin, CC BY-SA 4.0), three of Palapeli's puzzles (public domain), and
Lomiri's wallpapers by Aitzol Berasategi, Trevor "Freespace" and Jakub Mede (CC BY 4.0), Sander Klootwijk, "Bolly" and
Peter Nerlich (CC BY-SA 4.0), Aury88 and Lukas Baubkus (CC BY-SA 3.0; licences at
https://creativecommons.org/licenses/), and Clemens Engelhardt (CC0).

Words in the pictures were set in DejaVu, Liberation, Lato, Roboto, Open Sans, Carlito and Comfortaa, which are free
fonts. The configuration, the chat template and the names of the special tokens follow SmolVLM by Hugging Face, Apache
License 2.0; none of its weights are in here.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hub", type=Path, help="hub-form folder, from tools.embedded.results.export")
    parser.add_argument("out", type=Path, help="folder to write, replaced when it is there")
    parser.add_argument("--bits", type=int, default=8)
    given = parser.parse_args()
    ship(given.hub, given.out, Recipe(bits=given.bits))


def ship(hub: Path, out: Path, recipe: Recipe) -> None:
    """Raises ValueError when the folder has grown beyond what ships."""
    convert(hub, out, recipe, force=True)
    for file in (CLASSES_FILE, Path(__file__).with_name("MODEL_CARD.md")):
        shutil.copy(file, out)
    (out / "notice.txt").write_text(NOTICE + "\n", encoding="utf-8")
    (out / "NOTICE").write_text(ART, encoding="utf-8")
    size = sum(file.stat().st_size for file in out.iterdir())
    if size > LIMIT:
        raise ValueError(f"{out} has {size:,} bytes, {size - LIMIT:,} more than ship: fewer bits make it smaller")


if __name__ == "__main__":
    main()
