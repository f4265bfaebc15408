"""`smolsight models rm`: asks, on a terminal, and removes."""

import click

from app.cli.generation_options import ModelName
from app.cli.offer import can_ask
from app.cli.stderr import say
from app.shelf.inventory import disk_usage
from app.shelf.removal import find_removable, remove, removed_path
from app.sizes import in_words


@click.command()
@click.argument("name", type=ModelName())
@click.option("--yes", is_flag=True, help="Do not ask.")
def rm(name: str, yes: bool) -> None:
    """Remove a model from this machine.

    A model of the hub's cache goes with all its revisions, and other programs that share the cache lose it too.
    """
    entry = find_removable(name)
    path = removed_path(entry)
    size = in_words(disk_usage(path))
    if not yes:
        if not can_ask():
            raise click.UsageError(f"This would remove {path} ({size}), and nobody can be asked: say it with --yes.")
        shared = " Other programs share it." if entry.place == "hub cache" else ""
        if not click.confirm(f"Remove {path} ({size})?{shared}", err=True):
            raise click.Abort
    remove(entry)
    say(f"{entry.name} is removed, {size} are free again.")
