"""`smolsight cache`: what is kept on this machine to save time, and how it goes."""

from collections.abc import Callable
from contextlib import closing

import click

from app.asking.answer_store import AnswerStore, cache_folder
from app.cli.table import table
from app.remembering import chosen_bytes, forget_seen, seen_files, seen_folder
from app.sizes import in_words
from mlx_model.errors import SmolsightError


@click.command()
@click.option("--clear", type=click.Choice(["seen", "answers", "all"]), help="Delete it.")
def cache(clear: str | None) -> None:
    """Show what is kept to save time, or delete it.

    Seen: what the model saw in pictures and clips, with --remember or where the app's settings say so; a rough picture
    could be made of it again. Answers: what was said of the pictures of whole folders. Chats are not here; the app
    keeps them.
    """
    for name, forget in _FORGET.items():
        if clear in (name, "all"):
            forget()
    if clear is None:
        click.echo(table([("WHAT", "NUMBER", "SIZE", "AT MOST", "WHERE"), _seen(), _answers()]), nl=False)


def _seen() -> tuple[str, ...]:
    sizes, most = seen_files(), chosen_bytes()
    limit = in_words(most) if most else "only with --remember"
    return "seen", f"{len(sizes):,}", in_words(sum(sizes)), limit, str(seen_folder())


def _answers() -> tuple[str, ...]:
    file = cache_folder() / "answers.sqlite3"
    if not file.exists():
        return "answers", "0", in_words(0), "", str(file)
    with closing(AnswerStore(file)) as store:
        return "answers", f"{len(store):,}", in_words(store.nbytes), "", str(file)


def _forget_answers() -> None:
    if not (cache_folder() / "answers.sqlite3").exists():
        return
    with closing(AnswerStore()) as store:
        store.clear()
        if store.trouble:
            raise SmolsightError(store.trouble)


_FORGET: dict[str, Callable[[], None]] = {"seen": forget_seen, "answers": _forget_answers}
