"""What is said beside the result: one line each, on stderr, safe for a terminal."""

import contextlib
import os
import sys

import click

from app.terminal import one_line


def say(sentence: str) -> None:
    """A line on stderr after the program's name. A closed stderr is no reason to stop."""
    with contextlib.suppress(OSError):
        click.echo(f"smolsight: {one_line(sentence)}", err=True)


def whisper(line: str) -> None:
    """A faint line on stderr; for statistics, so only where somebody looks."""
    if is_watched():
        colour = not os.environ.get("NO_COLOR")
        with contextlib.suppress(OSError):
            click.echo(click.style(one_line(line), dim=True) if colour else one_line(line), err=True)


def is_watched() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()
