"""`smolsight app`: the window. Qt is imported here alone, when the command is called."""

from pathlib import Path

import click


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--model", help="The model that answers first; as for describe.")
def app(files: tuple[Path, ...], model: str | None) -> int:
    """Open the window to look at things and talk about them.

    Each FILE is a picture or a clip to begin with. A second start hands its files to the window that is open already.
    """
    from app.desktop.application import run

    return run(files, model)
