"""`smolsight models verify`: a line for each model, and what would mend it."""

import click

from app.cli.byte_progress import ByteProgress
from app.cli.generation_options import ModelName
from app.cli.log_warnings import show_warnings
from app.shelf.finding import Installed, find_model
from app.shelf.inventory import list_models
from app.shelf.verify import Verdict
from app.terminal import one_line

BROKEN = 4  # the exit code for a model that cannot be used


@click.command()
@click.argument("names", nargs=-1, type=ModelName(), metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def verify(ctx: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Read models again and say what is broken.

    Without NAME, all that are here. Bytes are compared with the hub's checksums where there are any; headers, shapes
    and numbers of the weights are checked everywhere.
    """
    from app.shelf.verify import verify as read_again

    show_warnings()
    verdicts = []
    for installed in [find_model(name) for name in names] or _all():
        with ByteProgress(f"Reading {installed.name}") as progress:
            verdicts.append(read_again(installed, progress.show))
        _show(verdicts[-1], as_json)
    if any(verdict.problems for verdict in verdicts):
        ctx.exit(BROKEN)


def _all() -> list[Installed]:
    return [Installed(entry.name, entry.folder) for entry in list_models() if entry.folder]


def _show(verdict: Verdict, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        from app.answers.records import as_json_line

        click.echo(as_json_line(asdict(verdict)), nl=False)
    elif verdict.problems:
        for problem in verdict.problems:
            click.echo(one_line(f"{verdict.name}: broken. {problem}"))
        click.echo(one_line(f"{verdict.name}: {verdict.mend}"))
    else:
        compared = f"{verdict.checksums} of {verdict.files} files by checksum, " if verdict.checksums else ""
        click.echo(one_line(f"{verdict.name}: fine ({compared}all weights read)"))
