"""A model that is here, packed into another of fewer bits: in a process of its own, which a cancel ends whole.

Knows no face. The folder appears whole or not at all, as `convert.output_folder` has it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path, PurePosixPath
from typing import get_args

from app.own_process import in_own_process
from app.shelf.finding import models_folder
from app.sizes import in_words
from convert.recipe import BITS, GROUP_SIZES, UNPACKED_BITS, Mix, Rounding
from mlx_model.errors import ConversionError

__all__ = ["BITS", "GROUP_SIZES", "MIXES", "ROUNDINGS", "UNPACKED_BITS", "Mix", "Rounding", "Wish", "pack"]

MIXES: tuple[Mix, ...] = get_args(Mix)
ROUNDINGS: tuple[Rounding, ...] = get_args(Rounding)


@dataclass(frozen=True)
class Wish:
    """`name` is the new model's, a path inside the folder of converted models. The rest is as in `convert.recipe`.

    `check`: the result is held to its source before it appears.
    """

    source: Path
    name: str
    bits: int = 4
    group_size: int = 64
    mix: Mix = "mixed"
    rounding: Rounding = "auto"
    check: bool = True


def pack(wish: Wish, progress: Callable[[int, int], None]) -> str:
    """What came of it, in words. `progress(bytes written, bytes in all)`; what it raises ends it and leaves nothing.

    Raises ConversionError and ModelError, and ProcessError where the process dies.
    """
    from convert.output_folder import remove_leftovers

    out = _place(wish.name)
    ours, theirs = Pipe(duplex=False)

    def look() -> None:
        told = None
        while ours.poll():
            told = ours.recv()
        progress(*(told or (-1, -1)))

    try:
        return in_own_process("Converting", _convert, (wish, out, theirs), look)
    finally:
        ours.close()
        theirs.close()
        if out.parent.is_dir():
            remove_leftovers(out)


def _place(name: str) -> Path:
    parts = PurePosixPath(name.strip()).parts
    if not 1 <= len(parts) <= 2 or any(part.startswith((".", "/")) or "\\" in part for part in parts):
        raise ConversionError(f"{name or 'Nothing'} is no name for a model: write it as name or org/name.")
    return models_folder().joinpath(*parts)


def _convert(given: tuple[Wish, Path, Connection]) -> str:
    from convert.conversion import convert
    from convert.recipe import Recipe

    wish, out, told = given
    recipe = Recipe(wish.bits, wish.group_size, rounding=wish.rounding, mix=wish.mix)
    done = convert(wish.source, out, recipe, check=wish.check, progress=lambda *bytes_: told.send(bytes_))
    sizes = f"{in_words(done.bytes_before)} of weights became {in_words(done.bytes_after)}."
    return f"{sizes} {done.report.summary}"
