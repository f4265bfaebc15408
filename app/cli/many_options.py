"""The options of describing many pictures at once, and which of them go together. Knows no model."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import click

from app.cli.inputs import STDIN
from app.inputs.picture_files import is_pattern

DEFAULT_BATCH = 8

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--recursive", is_flag=True, help="Folders: those below them too."),
    click.option(
        "--write",
        type=click.Choice(["txt", "jsonl", "csv"]),
        help="Many pictures: a text file beside each, or all in one file.",
    ),
    click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of standard output."),
    click.option(
        "--batch",
        type=click.IntRange(1, 256),
        help=f"Many pictures: answers that are written at a time. Default: {DEFAULT_BATCH}.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace files that --write finds in their place."),
)


def many_options(command: Command) -> Command:
    """Give a command every option here, in this order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Many:
    """What the options say."""

    recursive: bool
    write: str | None
    out: Path | None
    batch: int | None
    overwrite: bool

    @classmethod
    def taken_from(cls, options: dict[str, Any]) -> Self:
        """Leaves in `options` what is not of them."""
        return cls(**{name: options.pop(name) for name in cls.__annotations__})

    @property
    def given(self) -> list[str]:
        """The options that were given, as the user writes them."""
        return [f"--{name}" for name in self.__annotations__ if getattr(self, name)]

    def is_wanted(self, inputs: Sequence[str]) -> bool:
        """Whether the inputs are to be described as a batch."""
        return bool(self.given) or any(os.path.isdir(name) or is_pattern(name) for name in inputs)

    def check(self, inputs: Sequence[str], *, together: bool, as_json: bool) -> None:
        """Raises click.UsageError for what cannot go together."""
        what = self.given[0] if self.given else "A folder or a pattern"
        if not inputs:
            raise click.UsageError(f"{what} is for pictures: name a folder, a pattern or files.")
        if together:
            raise click.UsageError(f"{what} asks about each picture by itself: leave out --together.")
        if STDIN in inputs:
            raise click.UsageError(f"{what} is for files: standard input (-) holds one picture; describe it by itself.")
        if as_json and self.write:
            raise click.UsageError("--json and --write both say how answers are written; choose one.")
        if self.out and self.write not in ("jsonl", "csv"):
            raise click.UsageError("--out is one file: say --captions, --write jsonl or --write csv with it.")
        if self.overwrite and not self.write:
            raise click.UsageError("--overwrite is for the files of --write.")
        if self.out and self.out.exists() and not self.overwrite:
            raise click.UsageError(f"{self.out} exists already; --overwrite replaces it once all answers are there.")
