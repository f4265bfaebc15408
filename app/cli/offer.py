"""Offers to fetch a model that was asked for and is not here: with its size, on a terminal, and only there."""

import sys

import click

from app.cli.stderr import is_watched
from app.shelf import Installed, converted_folder, find_model, hub_id_of
from mlx_model.errors import DownloadError, ModelNotFoundError


def find_or_fetch(name: str | None) -> Installed:
    """The model that `--model` names, downloaded and converted first if the user says yes.

    Raises ModelNotFoundError, with the command to run, where nobody can be asked or the answer is no.
    """
    try:
        return find_model(name)
    except ModelNotFoundError:
        hub_id = hub_id_of(name) if name else None
        if hub_id is None or not can_ask() or not _wants(hub_id):
            raise
    _fetch(hub_id)
    return find_model(name)


def can_ask() -> bool:
    return is_watched() and sys.stdin is not None and sys.stdin.isatty()


def _wants(hub_id: str) -> bool:
    from app.shelf.downloads import download_size
    from app.sizes import in_words

    try:
        size = in_words(download_size(hub_id))
    except DownloadError:
        return False  # not to be had now, so there is nothing to offer
    return click.confirm(f"{hub_id} is not installed. Download {size} and convert it to 4 bits?", err=True)


def _fetch(hub_id: str) -> None:
    from app.cli.convert import make_model
    from convert.recipe import DEFAULT

    make_model(hub_id, converted_folder(hub_id, DEFAULT.bits), DEFAULT)
