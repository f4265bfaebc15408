"""What is typed into a chat: lines with a history on a terminal, plain lines from a pipe, and what each one means.

Knows no model. A line that begins with a slash is a command; with two, it is a question that begins with one.
"""

import shlex
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click

PROMPT = "> "
COMMANDS = {
    "/image PATH": "show a picture with your next question",
    "/video PATH": "show a clip with your next question",
    "/detail low|auto|high|N": "tiles of pictures from now on, those before included",
    "/regenerate": "answer the last question again",
    "/undo": "take the last question and its answer back",
    "/save FILE": "write the conversation to a file, for --resume; /save --cache FILE also what the model has read",
    "/help": "this list",
    "/quit": "leave; so does Ctrl-D. Ctrl-C stops an answer",
}
_NAMES = [command.partition(" ")[0].removeprefix("/") for command in COMMANDS]


class NoSuchCommand(Exception):
    """A line begins with a slash and is no command."""


def has_terminal() -> bool:
    """Whether somebody types."""
    return sys.stdin is not None and sys.stdin.isatty()


class Lines:
    """Line after line, without white space around them, to the end of the input."""

    def __iter__(self) -> Iterator[str]:
        yield from map(str.strip, _typed() if has_terminal() else _piped())


def parse_line(line: str) -> tuple[str, str]:
    """A command's name and its words; "ask" for a question. Raises NoSuchCommand."""
    if not line.startswith("/") or line.startswith("//"):
        return "ask", line.removeprefix("/") if line.startswith("//") else line
    name, _, words = line[1:].partition(" ")
    if name not in _NAMES:
        raise NoSuchCommand(f"/{name} is no command; /help lists them, and //{name} asks about it.")
    return name, words.strip()


def as_path(words: str) -> str:
    """A path as it was typed, or as a terminal writes one that is dropped on it: quoted, or with backslashes."""
    path = str(Path(words).expanduser()) if words else ""
    if Path(path).exists():
        return path
    try:
        (plain,) = shlex.split(words)
    except ValueError:
        return path
    return str(Path(plain).expanduser())


def _typed() -> Iterator[str]:
    with suppress(ImportError):
        import readline  # noqa: F401 (gives `input` a history and the arrow keys)
    while True:
        try:
            yield _ask()
        except EOFError:
            click.echo(err=True)
            return
        except KeyboardInterrupt:
            click.echo(err=True)
            raise


def _ask() -> str:
    if sys.stdout.isatty():
        return input(PROMPT)
    # Stdout is the answers' alone.
    click.echo(PROMPT, nl=False, err=True)
    return input()


def _piped() -> Iterator[str]:
    if sys.stdin is None:
        return
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace")
