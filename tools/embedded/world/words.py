"""Short texts in capitals and digits, the fonts that they are set in, and where each letter ends up."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import ImageFont

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
COMMON = (
    "OPEN CLOSED EXIT ENTRY STOP GO SALE FREE HELLO WELCOME THANKS PLEASE PUSH PULL HOT COLD NEW OLD HOME OFFICE "
    "SCHOOL SHOP CAFE HOTEL BANK POST PARK ZOO TAXI BUS TRAIN PLANE SHIP STREET ROAD NORTH SOUTH EAST WEST LEFT "
    "RIGHT UP DOWN YES NO OK ON OFF START END NEXT BACK SAVE EDIT VIEW HELP FILE MENU PLAY PAUSE LOVE PEACE HAPPY "
    "BIRTHDAY PARTY MUSIC DANCE BOOK PAPER PEN TEA COFFEE MILK BREAD CAKE FISH MEAT RICE SOUP FRUIT WATER SALT "
    "SUGAR APPLE LEMON SUN MOON STAR SKY RAIN SNOW WIND FIRE EARTH RIVER LAKE SEA BEACH HILL TREE FLOWER GARDEN "
    "FARM DOG CAT BIRD HORSE LION TIGER BEAR WOLF RED BLUE GREEN BLACK WHITE GOLD PINK ONE TWO THREE FOUR FIVE TEN "
    "MONDAY FRIDAY SUNDAY JUNE JULY SPRING SUMMER WINTER MORNING NIGHT TODAY LATE EARLY FAST SLOW BIG SMALL GOOD "
    "BEST MAX MINI PRO TOP DANGER CAREFUL KEEP OUT QUIET SMILE DREAM HOPE LUCKY MAGIC POWER SPEED SPACE ROCKET "
    "ROBOT PHONE RADIO VIDEO PHOTO CAMERA PRICE EURO DOLLAR CASH TICKET GATE ROOM FLOOR LIFT STAIRS DOOR WINDOW KEY "
    "LOCK BOX BAG SHOE HAT SHIRT DRESS KING QUEEN"
).split()
UNSEEN = frozenset(  # never drawn in training; evaluation reads these
    "BAKERY POLICE BRIDGE CASTLE FOREST ISLAND MARKET MUSEUM GUITAR PIANO PIRATE DRAGON SILVER ORANGE BANANA CHERRY "
    "HONEY JUICE KITTEN PUPPY ZEBRA PANDA TULIP MAPLE CLOUD STORM THUNDER RAINBOW COMET PLANET SATURN VENUS JUPITER "
    "TOWER VILLAGE CINEMA TAILOR SALMON PEPPER WALNUT".split()
)
NARROW = "IIIJLTF"  # share half a patch with their neighbours; of the tenth edition's wrong texts most had an I
JUMBLED = 0.4  # share of training's words that are in no order, as sign by sign they have to be read
DIGITS = 0.33  # of these are numbers: of the twelfth edition's wrong texts a quarter, of training's a tenth
ONSETS = "B C D F G H J K L M N P R S T V W Z BL BR CH CL CR DR FL GR PL PR SH SL ST TH TR QU Y X".split()
VOWELS = "A E I O U A E I O U AI EE OO OU".split()
CODAS = ["", "", "", *"N S T R L M D K P X Y B G".split(), "NG", "ST", "CK"]


@dataclass(frozen=True)
class Letter:
    """One drawn letter: which, and where it begins and ends, in pixels from the left of its line's inked box.

    place: how many letters of its word come before it.
    """

    letter: str
    start: float
    end: float
    place: int


@dataclass(frozen=True)
class Line:
    """One line of text in a font, relative to its own box's upper left corner."""

    text: str
    font: str
    size: int
    width: float
    height: float
    left: float
    top: float
    letters: tuple[Letter, ...]


def sample_word(rng: np.random.Generator, longest: int, unseen: bool = False, jumbled: float = 0.0) -> str:
    """A word in capitals or a number of at most `longest` characters; `unseen` picks those kept from training.

    Common words are one in five: of a few hundred, the decoder guesses the rest from the beginning instead of reading.
    A share of `jumbled` beside all these has no order: numbers, and letters of which two of five are NARROW.
    """
    while True:
        chance = rng.random()
        if unseen:
            pool = sorted(UNSEEN)
            word = pool[rng.integers(len(pool))]
        elif jumbled and rng.random() < jumbled:
            word = jumble(rng, int(rng.integers(2, longest + 1)))
        elif chance < 0.15:
            word = str(rng.integers(10 ** rng.integers(1, 5)))
        elif chance < 0.35:
            word = COMMON[rng.integers(len(COMMON))]
        elif chance < 0.6:
            word = "".join(LETTERS[rng.integers(26)] for _ in range(rng.integers(1, 9)))
        else:
            word = "".join(
                ONSETS[rng.integers(len(ONSETS))] + VOWELS[rng.integers(len(VOWELS))] + CODAS[rng.integers(len(CODAS))]
                for _ in range(rng.integers(1, 4))
            )
        if len(word) <= longest and (unseen or word not in UNSEEN):
            return word


def jumble(rng: np.random.Generator, length: int) -> str:
    """Digits, or letters, in no order."""
    if rng.random() < DIGITS:
        return "".join(str(rng.integers(10)) for _ in range(length))
    pools = (NARROW if rng.random() < 0.4 else LETTERS[:26] for _ in range(length))
    return "".join(pool[rng.integers(len(pool))] for pool in pools)


@lru_cache(maxsize=2000)
def load_font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def find_fonts(folders: list[Path]) -> tuple[str, ...]:
    """All upright text fonts in the folders; raises FileNotFoundError when there is none."""
    skipped = ("oblique", "italic", "extralight", "hairline", "thin", "light", "math", "black", "symbol", "emoji")
    fonts = sorted(str(path) for folder in folders for path in folder.rglob("*.ttf"))
    fonts = [font for font in fonts if not any(word in Path(font).name.lower() for word in skipped)]
    if not fonts:
        raise FileNotFoundError(f"no .ttf fonts in {', '.join(map(str, folders))}")
    return tuple(fonts)


def set_line(text: str, font: str, size: int) -> Line:
    """Measures one line."""
    face = load_font(font, size)
    left, top, right, bottom = face.getbbox(text)
    letters, place = [], 0
    for i, letter in enumerate(text):
        if letter in LETTERS:
            letters.append(Letter(letter, face.getlength(text[:i]) - left, face.getlength(text[: i + 1]) - left, place))
        place = place + 1 if letter in LETTERS else 0
    return Line(text, font, size, right - left, bottom - top, left, top, tuple(letters))
