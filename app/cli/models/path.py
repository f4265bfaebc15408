"""`smolsight models path`: where a model lies, for scripts."""

import click

from app.cli.generation_options import ModelName
from app.shelf.finding import find_model, models_folder


@click.command()
@click.argument("name", type=ModelName(), required=False, metavar="[NAME]")
def path(name: str | None) -> None:
    """Print the folder of a model, or of all."""
    click.echo(find_model(name).folder if name else models_folder())
