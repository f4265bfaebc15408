"""`smolsight models`: the group of commands about models, one a file. What they do is in `app.shelf`."""

import click

from app.cli.lazy_group import LazyGroup

COMMANDS = {
    "list": ("app.cli.models.list", "List the models that are here, and those that can be had."),
    "get": ("app.cli.models.get", "Download models into the hub's cache."),
    "info": ("app.cli.models.info", "Say what a model is made of and what it needs."),
    "verify": ("app.cli.models.verify", "Read models again and say what is broken."),
    "rm": ("app.cli.models.rm", "Remove a model from this machine."),
    "default": ("app.cli.models.default", "Choose the model that answers without --model."),
    "path": ("app.cli.models.path", "Print the folder of a model, or of all."),
}


@click.group(cls=LazyGroup, commands_in=COMMANDS)
def models() -> None:
    """See, fetch, check and remove models."""
