"""`smolsight completion SHELL`: the script that a shell reads to complete commands, options and file names."""

import click
from click.shell_completion import get_completion_class

START_FILES = {
    "bash": 'eval "$(smolsight completion bash)"  in ~/.bashrc (bash 4.4 or newer)',
    "zsh": 'eval "$(smolsight completion zsh)"  in ~/.zshrc',
    "fish": "smolsight completion fish > ~/.config/fish/completions/smolsight.fish",
}


@click.command(epilog="\b\n" + "\n".join(START_FILES.values()))
@click.argument("shell", type=click.Choice(list(START_FILES)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands in your shell."""
    shell_complete = get_completion_class(shell)
    assert shell_complete is not None, "click knows every shell of START_FILES"
    root = ctx.find_root()
    click.echo(shell_complete(root.command, {}, "smolsight", "_SMOLSIGHT_COMPLETE").source())
