"""`smolsight models get`: what is asked for, how large it is, then the download. stdout has the folders alone."""

from pathlib import Path

import click

from app.cli.byte_progress import ByteProgress
from app.cli.log_warnings import show_warnings
from app.cli.offline import offline_option
from app.cli.stderr import say
from app.shelf.catalogue import catalogue
from app.shelf.finding import hub_id_of
from app.sizes import in_words
from mlx_model.errors import ModelNotFoundError


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--again", is_flag=True, help="Check what is here, and fetch what is broken anew.")
@offline_option
def get(names: tuple[str, ...], again: bool) -> None:
    """Download models into the hub's cache.

    NAME is a short name (256m, 500m, 2.2b) or an id of the hub. The folder works as it is, for other programs too;
    `smolsight convert NAME` makes a smaller and quicker one of it. What was interrupted goes on where it stopped.
    """
    show_warnings()
    for hub_id in [_hub_id(name) for name in names]:
        click.echo(_get(hub_id, again))


def _get(hub_id: str, again: bool) -> Path:
    from app.shelf.downloads import download, look_up
    from app.shelf.finding import find_downloaded
    from app.shelf.offline import is_offline

    if not (is_offline() and find_downloaded(hub_id)):
        listing = look_up(hub_id)
        missing = in_words(listing.missing_bytes) if listing.missing_bytes else "nothing"
        say(f"{hub_id}: {in_words(listing.nbytes)} in {len(listing.files)} files, {missing} of it to fetch.")
    with ByteProgress(f"Downloading {hub_id}") as progress:
        return download(hub_id, progress.show, again=again)


def _hub_id(name: str) -> str:
    if hub_id := hub_id_of(name):
        return hub_id
    names = ", ".join(known.name for known in catalogue())
    raise ModelNotFoundError(f"{name} is no model of the hub: name one as org/name, or one of: {names}.")
