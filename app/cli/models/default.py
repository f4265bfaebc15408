"""`smolsight models default`: the model that answers where none is named."""

import click

from app.cli.generation_options import ModelName
from app.cli.log_warnings import show_warnings
from app.shelf.finding import find_model, set_default


@click.command()
@click.argument("name", type=ModelName(), required=False, metavar="[NAME]")
@click.option("--unset", is_flag=True, help="Let Smolsight choose: the most able model that is here.")
def default(name: str | None, unset: bool) -> None:
    """Choose the model that answers without --model.

    Prints the model that answers from now on; without NAME, the one that answers now.
    """
    if name and unset:
        raise click.UsageError("Give either NAME or --unset.")
    show_warnings()
    if name or unset:
        set_default(name)
    click.echo(find_model().name)
