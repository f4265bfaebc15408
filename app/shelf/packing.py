"""A model that is here, packed into another of fewer bits: in a process of its own, which a cancel ends whole.

Knows no face. The folder appears whole or not at all, as `convert.output_folder` has it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path, PurePosixPath

from app.own_process import in_own_process
from app.shelf.finding import models_folder
from convert.recipe import BITS, GROUP_SIZES
from mlx_model.errors import ConversionError

__all__ = ["BITS", "GROUP_SIZES", "Wish", "pack"]


@dataclass(frozen=True)
class Wish:
    """`name` is the new model's, a path inside the folder of converted models."""

    source: Path
    name: str
    bits: int = 4
    group_size: int = 64


def pack(wish: Wish, progress: Callable[[int, int], None]) -> Path:
    """The new folder. `progress(bytes written, bytes in all)`; what it raises ends the process and leaves nothing.

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
        in_own_process("Converting", _convert, (wish, out, theirs), look)
    finally:
        ours.close()
        theirs.close()
        if out.parent.is_dir():
            remove_leftovers(out)
    return out


def _place(name: str) -> Path:
    parts = PurePosixPath(name.strip()).parts
    if not 1 <= len(parts) <= 2 or any(part.startswith((".", "/")) or "\\" in part for part in parts):
        raise ConversionError(f"{name or 'Nothing'} is no name for a model: write it as name or org/name.")
    return models_folder().joinpath(*parts)


def _convert(given: tuple[Wish, Path, Connection]) -> None:
    from convert.conversion import convert
    from convert.recipe import Recipe

    wish, out, told = given
    recipe = Recipe(wish.bits, wish.group_size)
    convert(wish.source, out, recipe, progress=lambda done, total: told.send((done, total)))
