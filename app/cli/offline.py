"""`--offline`: for this run, as if HF_HUB_OFFLINE were set."""

from collections.abc import Callable
from typing import Any

import click


def _stay_offline(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from app.shelf.offline import go_offline

        go_offline()


def offline_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the option to a command; there is no value to take."""
    return click.option(
        "--offline", is_flag=True, expose_value=False, callback=_stay_offline, help="Open no connection."
    )(command)
