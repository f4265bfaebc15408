"""`--remember`: whether this run keeps on disk what it sees, for later ones. Without it the settings decide."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def remember_option(command: Command) -> Command:
    """Adds the option; what arrives as `remembering` is for `MLXEngine`, empty where nothing is to be kept."""
    return click.option(
        "--remember/--no-remember",
        "remembering",
        default=None,
        callback=_engine_options,
        help="Keep what is seen on disk, so that no later run looks again. Default: as set in the app, which is no.",
    )(command)


def _engine_options(ctx: click.Context, param: click.Parameter, wish: bool | None) -> dict[str, Any]:
    from app.remembering import chosen_bytes, engine_options

    return engine_options(chosen_bytes(wish))
