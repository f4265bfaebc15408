"""A folder that appears whole or not at all.

Everything is written into a hidden folder beside the one that was asked for, synced to disk and renamed. Whoever stops
in the middle, by Ctrl-C, an error or a full disk, leaves nothing; what a killed process left is removed by the next
run. Knows nothing of models.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlx_model.errors import ConversionError


def check_apart(out: Path, source: Path) -> None:
    """Refuse an output that would lie in the source, or the other way round. Raises ConversionError."""
    out, source = out.resolve(), source.resolve()
    if _is_within(out, source) or _is_within(source, out):
        raise ConversionError(f"{out} and the source {source} lie inside each other. Choose another folder with --out.")


def check_output(out: Path, *, force: bool) -> None:
    """Refuse a place that must not be written to, before any work. Raises ConversionError."""
    if not out.exists():
        nearest = next(place for place in out.absolute().parents if place.exists())
        if not nearest.is_dir():
            raise ConversionError(f"{nearest} is a file, so {out} cannot be in it. Choose another folder with --out.")
        return
    if not out.is_dir():
        raise ConversionError(f"{out} is a file. Choose another name with --out.")
    if not force:
        raise ConversionError(f"{out} exists already. Choose another folder with --out, or replace it with --force.")
    # --force deletes a whole folder: it has to look like one that a conversion made.
    entries = list(out.iterdir())
    is_checkpoint = (out / "config.json").is_file() and not any(entry.is_dir() for entry in entries)
    if entries and not is_checkpoint:
        raise ConversionError(f"{out} is no model folder, so --force does not replace it. Choose another with --out.")


def _is_within(path: Path, folder: Path) -> bool:
    """By the file system's word, not by spelling: it may ignore case."""
    return any(place.exists() and folder.exists() and place.samefile(folder) for place in (path, *path.parents))


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """An empty folder to fill; it becomes `out`, in place of an older one, when the block ends without an error.

    Raises ConversionError where the disk is full or the place cannot be written to.
    """
    out = out.resolve()  # where a link points, not the link, is what is replaced
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(out)
        partial = out.parent / f".{out.name}.partial-{secrets.token_hex(4)}"
        partial.mkdir()
        with _locked(partial):
            try:
                yield partial
                _sync(partial)
                _put_in_place(partial, out)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ConversionError(f"The disk of {out.parent} is full; nothing was left there. Make room.") from error
        reason = error.strerror or error
        raise ConversionError(f"{out} could not be written ({reason}). Choose another folder with --out.") from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds a lock on the folder, which ends with the process: a folder that is not locked is a leftover."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def remove_leftovers(out: Path) -> None:
    """Remove what processes that were killed have left of `out`, and put back an older folder that one had moved."""
    for replaced in out.parent.glob(f".{_literal(out.name)}.replaced-*"):
        # Killed between the two renames of `_put_in_place`: the old folder is still whole.
        if out.exists():
            shutil.rmtree(replaced)
        else:
            replaced.rename(out)
    for partial in out.parent.glob(f".{_literal(out.name)}.partial-*"):
        try:
            with _locked(partial):
                shutil.rmtree(partial)
        except BlockingIOError:
            continue


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _put_in_place(partial: Path, out: Path) -> None:
    if not out.exists():
        partial.rename(out)
    else:
        replaced = out.parent / f".{out.name}.replaced-{secrets.token_hex(4)}"
        out.rename(replaced)
        try:
            partial.rename(out)
        except BaseException:
            replaced.rename(out)
            raise
        shutil.rmtree(replaced, ignore_errors=True)
    _sync(out.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
