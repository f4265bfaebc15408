"""The recipe as data: which batches a run sees when. First the encoder alone, then pictures, tiles, pairs, and clips.

A batch's form says what its exhibits are, how they are drawn and cut, and how long a sequence may get. Few frames come
before many, as in the paper; what came before stays in the mix, or it would be forgotten.
"""

from dataclasses import dataclass, replace

import numpy as np

Sizes = tuple[tuple[int, int], ...]
SQUARE: Sizes = ((128, 128),)
ANY: Sizes = (*SQUARE * 9, (256, 256), (160, 120), (320, 240), (120, 160), (256, 192), (200, 200))
LARGE: Sizes = (*((256, 256),) * 6, (320, 240), (256, 192), (192, 256), (400, 400), (640, 480), (240, 300))
LONG: Sizes = (*((256, 128),) * 4, *((128, 256),) * 2, (320, 150), (480, 240), (120, 300))


@dataclass(frozen=True)
class Form:
    """One kind of batch: `length` tokens a sequence, `exhibits` a worker; `frames` is the range for a clip's."""

    name: str
    kinds: tuple[tuple[str, float], ...]  # of exhibit, with their shares
    sizes: Sizes
    length: int
    exhibits: int
    split: bool = False
    frames: tuple[int, int] = (1, 1)


SCENES = (("scene", 1.0),)
WORLD = (("scene", 0.56), ("talk", 0.22), ("screen", 0.14), ("receipt", 0.08))
# In one tile, small print is not; a page has letters as large as a scene's.
LEGIBLE = (("scene", 0.56), ("talk", 0.14), ("page", 0.22), ("screen", 0.06), ("receipt", 0.02))
ONE = Form("one", SCENES, ANY, 160, 28)
FOUR = Form("four", SCENES, LARGE, 152, 6, split=True)
TWO = Form("two", SCENES, LONG, 120, 10, split=True)
WORLD_ONE, WORLD_FOUR = replace(ONE, kinds=LEGIBLE), replace(FOUR, kinds=WORLD)
PAIR = Form("pair", (("pair", 1.0),), (*SQUARE * 4, (256, 256), (160, 120)), 120, 16)
FEW = Form("few", (("clip", 1.0),), (*SQUARE * 3, (160, 120), (256, 144)), 208, 8, frames=(2, 4))
MANY = Form("many", (("clip", 1.0),), (*SQUARE * 3, (160, 120), (256, 144)), 380, 4, frames=(5, 8))


@dataclass(frozen=True)
class Stage:
    """A part of the run: up to `end` of its time, batches of these forms by weight. None at all: the encoder alone.

    Alone it begins with large letters, unless it is `trained`.
    """

    name: str
    end: float
    forms: tuple[tuple[Form, float], ...] = ()
    trained: bool = False

    def pick(self, step: int) -> Form:
        """The step's form; the same for every worker."""
        weights = np.array([weight for _, weight in self.forms])
        number = np.random.default_rng(step).choice(len(self.forms), p=weights / weights.sum())
        return self.forms[number][0]


FROM_NOTHING = (
    Stage("encoder", 0.2),
    Stage("pictures", 0.45, ((WORLD_ONE, 1.0),)),
    Stage("tiles and pairs", 0.7, ((WORLD_ONE, 3.0), (WORLD_FOUR, 1.0), (TWO, 1.0), (PAIR, 1.0))),
    Stage("few frames", 0.8, ((WORLD_ONE, 3.0), (WORLD_FOUR, 1.0), (TWO, 0.7), (PAIR, 1.0), (FEW, 1.3))),
    Stage("many frames", 0.88, ((WORLD_ONE, 3.0), (WORLD_FOUR, 1.0), (TWO, 0.7), (PAIR, 0.8), (FEW, 0.7), (MANY, 0.8))),
    Stage("all", 1.0, ((WORLD_ONE, 8.0), (WORLD_FOUR, 2.0), (TWO, 1.2), (PAIR, 1.2), (FEW, 0.7), (MANY, 0.5))),
)
ALL = ((WORLD_ONE, 8.5), (WORLD_FOUR, 2.2), (TWO, 1.0), (PAIR, 1.1), (FEW, 1.0), (MANY, 0.6))
ONWARD = (Stage("all", 1.0, ALL),)
SEE_FIRST = (Stage("encoder", 0.42, trained=True), *ONWARD)  # where the encoder tells little more than is said
RECIPES = {"from-nothing": FROM_NOTHING, "onward": ONWARD, "see-first": SEE_FIRST}


def stage_at(recipe: tuple[Stage, ...], progress: float) -> tuple[Stage, float]:
    """The stage that a run is in, and how far through what it teaches: of a `trained` one at its end from the first."""
    start = 0.0
    for stage in recipe:
        if progress < stage.end or stage is recipe[-1]:
            return stage, 1.0 if stage.trained else min(1.0, (progress - start) / (stage.end - start))
        start = stage.end
    raise ValueError("a recipe needs at least one stage")
