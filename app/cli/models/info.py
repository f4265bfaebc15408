"""`smolsight models info`: one model in full, as lines of "what: value" or as one JSON object."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from app.cli.generation_options import ModelName
from app.cli.table import table
from app.machine import free_memory, total_memory
from app.shelf.finding import find_model
from app.sizes import in_words

if TYPE_CHECKING:
    from app.shelf.details import Details


@click.command()
@click.argument("name", type=ModelName(), required=False, metavar="[NAME]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def info(name: str | None, as_json: bool) -> None:
    """Say what a model is made of and what it needs.

    Without NAME, the model that answers without --model.
    """
    from app.shelf.details import describe_model

    details = describe_model(find_model(name))
    if as_json:
        from app.answers.records import as_json_line

        click.echo(as_json_line(_record(details)), nl=False)
    else:
        click.echo(table(list(_rows(details))), nl=False)


def _rows(details: "Details") -> Iterator[tuple[str, str]]:
    yield "model", details.name + (" (the default)" if details.is_default else "")
    yield "folder", str(details.folder)
    if details.known:
        yield "for", details.known.about
    yield "revision", details.revision or "not known"
    yield "size", f"{in_words(details.nbytes)} in {len(details.files)} files"
    for file, size in details.files:
        yield "", f"{file}, {in_words(size)}"
    for part in details.parts:
        yield part.part, f"{part.bits_per_weight:.1f} bits a weight, {in_words(part.nbytes)}"
    yield "context", f"{details.context:,} tokens"
    if details.tile:
        yield "tile", f"{details.tile} x {details.tile} pixels, {details.tokens_per_tile} tokens"
    machine = f"{in_words(total_memory())}, {in_words(free_memory())} of it free"
    yield "memory", f"about {in_words(details.memory_bytes)} for a picture; this machine has {machine}"
    if details.known and details.known.memory_bytes:
        yield "", f"{in_words(details.known.memory_bytes)} on the paper's GPU"
    if details.conversion:
        yield from _conversion_rows(details.conversion)
    if details.notice:
        yield "notice", details.notice


def _conversion_rows(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What the conversion measured; a figure that is not there, or is no number, is not known."""
    parts = report.get("parts")
    for part, figures in parts.items() if isinstance(parts, dict) else ():
        error = figures.get("relative_error") if isinstance(figures, dict) else None
        yield f"{part}, changed by", _share(error)
    yield "KL per token", _number(report.get("kl_per_token"))
    yield "same first choice", _share(report.get("top1_agreement"))
    yield "same text", _share(report.get("text_agreement"))


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "not known"


def _share(value: Any) -> str:
    return f"{100 * value:.3g} %" if isinstance(value, int | float) else "not known"


def _record(details: "Details") -> dict[str, Any]:
    known = details.known
    return {
        "name": details.name,
        "short_name": known.name if known else None,
        "folder": str(details.folder),
        "default": details.is_default,
        "notice": details.notice,
        "about": known.about if known else None,
        "revision": details.revision,
        "bytes": details.nbytes,
        "files": dict(details.files),
        "parts": {
            part.part: {"weights": part.weights, "bytes": part.nbytes, "bits_per_weight": part.bits_per_weight}
            for part in details.parts
        },
        "context": details.context,
        "tile": details.tile,
        "tokens_per_tile": details.tokens_per_tile,
        "memory_bytes": details.memory_bytes,
        "paper_memory_bytes": known.memory_bytes if known else None,
        "machine": {"memory_bytes": total_memory(), "free_memory_bytes": free_memory()},
        "conversion": details.conversion,
    }
