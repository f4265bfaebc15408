"""What shapes an answer, as options: the same words and the same checks for every command that asks a model.

Knows no model and no command. Each option's value arrives under its own name, `--json` as `as_json`.
"""

import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from app.shelf import EMBEDDED, catalogue, list_converted

QUESTION_TOKENS = 512
TIME = re.compile(r"([0-9]{1,3}:[0-5]?[0-9]:|[0-9]{1,4}:)[0-5]?[0-9](\.[0-9]+)?|[0-9]{1,6}(\.[0-9]+)?")

Command = TypeVar("Command", bound=Callable[..., Any])


class DetailType(click.ParamType[Any]):
    """`low`, `auto`, `high`, or how many tiles the long edge is to have."""

    name = "low|auto|high|N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in ("low", "auto", "high"):
            return value
        if re.fullmatch("[1-9][0-9]?", str(value)):
            return int(value)
        self.fail(f"{value!r} is none of low, auto, high, nor a number of tiles from 1 to 99.", param, ctx)


class ModelName(click.ParamType[str]):
    """A folder or a name; completes both."""

    name = "model"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value or self.fail("The name is empty.", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        names = [EMBEDDED, *(known.name for known in catalogue()), *list_converted()]
        fitting = [name for name in names if name.startswith(incomplete)]
        folders = CompletionItem(incomplete, type="dir")
        return [CompletionItem(name) for name in fitting] or [folders]


class Finite(click.FloatRange):
    """A number in a range; click's own lets "nan" through every bound."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        return number if math.isfinite(number) else self.fail(f"{value} is not a finite number.", param, ctx)


class Moment(click.ParamType[float]):
    """A time in a clip: seconds, MM:SS or H:MM:SS, each with a fraction if need be."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, float):
            return value
        if not TIME.fullmatch(value):
            self.fail(f"{value!r} is no time in a clip: write seconds, MM:SS or H:MM:SS.", param, ctx)
        seconds = 0.0
        for part in value.split(":"):
            seconds = 60 * seconds + float(part)
        return seconds


_OPTIONS = (
    click.option(
        "--model", type=ModelName(), help="A folder, a short name (256m, 500m, 2.2b, embedded) or an installed id."
    ),
    click.option(
        "--detail", type=DetailType(), help="Tiles: low is one, N along the long edge, high what the model has."
    ),
    click.option("--fps", type=Finite(min=0, min_open=True), help="Clips: frames a second. Default: the model's, 1."),
    click.option("--max-frames", type=click.IntRange(min=1), help="Clips: most frames. Default: the model's, 64."),
    click.option("--start", type=Moment(), help="Clips: look from here on; seconds, MM:SS or H:MM:SS."),
    click.option("--end", type=Moment(), help="Clips: look up to here."),
    click.option(
        "--max-tokens",
        type=click.IntRange(min=1),
        help=f"Longest answer. Default: what the task needs, {QUESTION_TOKENS} for a question.",
    ),
    click.option(
        "--temperature", type=Finite(min=0), default=0.0, show_default=True, help="0 takes the likeliest word."
    ),
    click.option(
        "--top-p",
        type=Finite(min=0, min_open=True, max=1),
        default=1.0,
        show_default=True,
        help="Draw from the likeliest words that add up to this.",
    ),
    click.option(
        "--min-p",
        type=Finite(min=0, max=1),
        default=0.0,
        show_default=True,
        help="Leave out words less likely than this share of the likeliest.",
    ),
    click.option(
        "--repetition-penalty",
        type=Finite(min=1),
        default=1.0,
        show_default=True,
        help="Above 1, what was said becomes less likely to be said again.",
    ),
    click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Make drawing repeatable."),
    click.option("--raw", is_flag=True, help="Send the text as it is, without the chat form (Base models)."),
    click.option("--json", "as_json", is_flag=True, help="One JSON object a line."),
    click.option("--stream/--no-stream", default=True, help="Words as they come, or each answer at once."),
    click.option("--repetition-guard/--no-repetition-guard", default=True, help="Stop a model that repeats itself."),
)


def generation_options(command: Command) -> Command:
    """Give a command every option here, in this order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def check_span(start: float | None, end: float | None) -> None:
    """Raises click.UsageError where a clip would end before it starts; both in seconds."""
    if end is not None and end <= (start or 0.0):
        raise click.UsageError(f"--end ({end:g} s) must come after --start ({start or 0.0:g} s).")
