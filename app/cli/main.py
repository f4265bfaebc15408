"""`smolsight`: the group of commands, each in a file of its own that is imported when it is called.

`--help` imports no command, so it stays as quick as Python itself. Nothing here knows what a command does.
"""

from importlib import import_module
from typing import Any

import click

from app.cli.errors import run_command
from app.cli.signals import terminable

# The module that holds the command of that name, and the first line of its help.
COMMANDS = {
    "describe": ("app.cli.describe", "Say what pictures and clips show, or answer a question about them."),
    "chat": ("app.cli.chat", "Talk about pictures and clips, or about anything."),
    "bench": ("app.cli.bench", "Time a model's answers here, and count what they cost anywhere."),
    "convert": ("app.cli.convert", "Turn a checkpoint into small MLX weights."),
    "completion": ("app.cli.completion", "Print the script that completes commands in your shell."),
}


class LazyGroup(click.Group):
    """Imports a command when it is called, and turns what goes wrong in it into an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        with terminable():
            ctx.exit(run_command(lambda: super(LazyGroup, self).invoke(ctx)))


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
be read, 4 the model is missing, broken or refused, 130 stopped by Ctrl-C.
"""


@click.group(cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=print_version, help="Show the version."
)
def smolsight() -> None:
    """Look at pictures and talk about them, with nothing leaving this machine."""


def main() -> None:
    smolsight(prog_name="smolsight")


if __name__ == "__main__":
    main()
