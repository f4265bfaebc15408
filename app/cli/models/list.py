"""`smolsight models list`: what is here and what can be had, as a table or as JSON lines."""

import click

from app.cli.log_warnings import show_warnings
from app.cli.table import table
from app.shelf.finding import find_model
from app.shelf.inventory import Entry, list_models
from app.sizes import in_words


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list(as_json: bool) -> None:
    """List the models that are here, and those that can be had.

    The one that answers without --model has a star. Sizes of models that are not here are those of their weights.
    """
    show_warnings()
    answering = find_model().name
    entries = list_models()
    if as_json:
        from app.answers.records import as_json_line

        for entry in entries:
            click.echo(as_json_line(_record(entry, answering)), nl=False)
        return
    heading = ("", "MODEL", "NAME", "WHERE", "SIZE", "BITS", "MEMORY", "FOR")
    click.echo(table([heading, *(_row(entry, answering) for entry in entries)]), nl=False)


def _row(entry: Entry, answering: str) -> tuple[str, ...]:
    known = entry.known
    return (
        "*" if entry.is_here and entry.name == answering else "",
        entry.name,
        known.name if known else "",
        "interrupted" if entry.is_begun else "-" if entry.place == "catalogue" else entry.place,
        in_words(entry.nbytes) if entry.nbytes is not None else "?",
        str(entry.bits or ""),
        in_words(known.memory_bytes) if known and known.memory_bytes else "",
        known.about if known else "",
    )


def _record(entry: Entry, answering: str) -> dict[str, object]:
    known = entry.known
    return {
        "name": entry.name,
        "short_name": known.name if known else None,
        "where": entry.place,
        "here": entry.is_here,
        "default": entry.is_here and entry.name == answering,
        "folder": str(entry.folder) if entry.folder else None,
        "bytes": entry.nbytes,
        "bits": entry.bits,
        "memory_bytes": known.memory_bytes if known else None,
        "purpose": known.purpose if known else None,
        "about": known.about if known else None,
        "revision": known.revision if known else None,
    }
