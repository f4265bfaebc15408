"""The result on stdout: words as they come, whole answers, or one JSON object a line.

A writer gets an answer's text piece by piece (`add`) and then its record (`end`), or the failure in its place. Knows no
model. With several inputs every line of words begins with the input's path, as grep's does: `path: line`.
"""

from typing import Any, Protocol

import click

from app.answers.records import as_json_line, error_record
from app.terminal import one_line, strip_controls

Path = str | list[str] | None


class Output(Protocol):
    """Where answers go. `streams`: pieces are written as they come; otherwise answers are written whole."""

    @property
    def streams(self) -> bool: ...

    def add(self, path: Path, text: str) -> None: ...

    def end(self, record: dict[str, Any]) -> None: ...

    def fail(self, path: Path, message: str, error_type: str) -> None: ...

    def break_off(self) -> None: ...


class WordsOutput:
    """Answers as plain text without white space around them, each ended by a line feed."""

    def __init__(self, *, streams: bool, with_paths: bool) -> None:
        self.streams = streams
        self._with_paths = with_paths
        self._begun = False  # an answer's line is open
        self._held = ""  # white space that only counts once words follow

    def add(self, path: Path, text: str) -> None:
        if self.streams:
            self._write(path, text)

    def end(self, record: dict[str, Any]) -> None:
        if not self._begun:
            self._write(record["path"], record["text"])
        if not self._begun:
            click.echo(self._prefix(record["path"]).rstrip(), nl=False)
        self._begun = True
        self.break_off()

    def fail(self, path: Path, message: str, error_type: str) -> None:
        self.break_off()

    def break_off(self) -> None:
        """End the line that is open."""
        if self._begun:
            click.echo()
        self._begun, self._held = False, ""

    def _write(self, path: Path, text: str) -> None:
        text = self._held + strip_controls(text)
        if not self._begun:
            text = text.lstrip()
        words = text.rstrip()
        self._held = text[len(words) :]
        if words:
            prefix = self._prefix(path)
            click.echo(("" if self._begun else prefix) + words.replace("\n", "\n" + prefix), nl=False)
            self._begun = True

    def _prefix(self, path: Path) -> str:
        return f"{one_line(path)}: " if self._with_paths and isinstance(path, str) else ""


class JsonOutput:
    """One object a line for each answer, and one with `error` in place of an answer."""

    streams = False

    def add(self, path: Path, text: str) -> None:
        """Objects are written whole."""

    def end(self, record: dict[str, Any]) -> None:
        click.echo(as_json_line(record), nl=False)

    def fail(self, path: Path, message: str, error_type: str) -> None:
        click.echo(as_json_line(error_record(path, message, error_type)), nl=False)

    def break_off(self) -> None:
        """No line is ever open."""
