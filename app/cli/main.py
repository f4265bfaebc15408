"""`smolsight`: the group of commands, each in a file of its own that is imported when it is called.

`--help` imports no command, so it stays as quick as Python itself. Nothing here knows what a command does.
"""

from typing import Any

import click

from app.cli.errors import run_command
from app.cli.lazy_group import LazyGroup
from app.cli.offline import offline_option
from app.cli.signals import terminable

# The module that holds the command of that name, and the first line of its help.
COMMANDS = {
    "describe": ("app.cli.describe", "Say what pictures and clips show, or answer a question about them."),
    "chat": ("app.cli.chat", "Talk about pictures and clips, or about anything."),
    "app": ("app.cli.app", "Open the window to look at things and talk about them."),
    "bench": ("app.cli.bench", "Time a model's answers here, and count what they cost anywhere."),
    "convert": ("app.cli.convert", "Turn a checkpoint into small MLX weights."),
    "doctor": ("app.cli.doctor", "Say how fast this machine is, and which model suits it."),
    "cache": ("app.cli.cache", "Show what is kept to save time, or delete it."),
    "models": ("app.cli.models", "See, fetch, check and remove models."),
    "completion": ("app.cli.completion", "Print the script that completes commands in your shell."),
}


class Smolsight(LazyGroup):
    """Turns what goes wrong in a command into an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        with terminable():
            ctx.exit(run_command(lambda: super(Smolsight, self).invoke(ctx)))


def print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib import metadata

    try:
        version = metadata.version("smolsight")
    except metadata.PackageNotFoundError:
        version = "(not installed, run from its sources)"
    click.echo(f"smolsight {version}")
    ctx.exit()


EXIT_CODES = """\b
Exit codes: 0 fine, 1 failed while running, 2 wrong usage, 3 an input could not
be read, 4 the model is missing, broken, refused or could not be fetched,
130 stopped by Ctrl-C.
"""


@click.group(
    cls=Smolsight, commands_in=COMMANDS, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=print_version, help="Show the version."
)
@offline_option
def smolsight() -> None:
    """Look at pictures and talk about them, with nothing leaving this machine."""


def main() -> None:
    smolsight(prog_name="smolsight")


if __name__ == "__main__":
    main()
