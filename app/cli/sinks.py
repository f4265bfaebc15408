"""Where the answers about many pictures go: lines on stdout, one file, or a text file beside each picture.

A sink says which files are still to be described, takes each outcome in turn, and finishes what it writes. Knows no
model.
"""

import os
from pathlib import Path
from typing import Any, Protocol

import click

from app.answers.records import error_record
from app.answers.sidecars import Sidecars, write_sidecar
from app.answers.writers import LineFormat
from app.cli.output import Output
from mlx_model.errors import InputError, SmolsightError


class OutputError(SmolsightError):
    """What was found could not be written."""


class Sink(Protocol):
    """`is_shown`: answers may go to a terminal."""

    @property
    def is_shown(self) -> bool: ...

    def is_done(self, path: Path) -> bool:
        """Whether a file has its answer already. Raises InputError where it could get none."""

    def put(self, path: Path, record: dict[str, Any]) -> None:
        """Take an answer. Raises OSError or OutputError."""

    def fail(self, path: Path, message: str, error_type: str) -> None: ...

    def finish(self) -> None:
        """Every file has had its turn."""


class Stdout:
    """Lines on stdout as they come: words after their path, or a format's."""

    is_shown = True

    def __init__(self, output: Output) -> None:
        self._output = output

    def is_done(self, path: Path) -> bool:
        return False

    def put(self, path: Path, record: dict[str, Any]) -> None:
        self._output.end(record)

    def fail(self, path: Path, message: str, error_type: str) -> None:
        self._output.fail(str(path), message, error_type)

    def finish(self) -> None:
        """Nothing is held back."""


class LinesOutput:
    """A format's lines on stdout."""

    streams = False

    def __init__(self, lines: LineFormat) -> None:
        self._lines, self._head = lines, lines.head

    def add(self, path: Any, text: str) -> None:
        """Lines are written whole."""

    def end(self, record: dict[str, Any]) -> None:
        click.echo(self._head + self._lines.line(record), nl=False)
        self._head = b""

    def fail(self, path: Any, message: str, error_type: str) -> None:
        self.end(error_record(path, message, error_type))

    def break_off(self) -> None:
        """No line is ever open."""


class OneFile:
    """A format's lines in a file, which appears once all are there."""

    is_shown = False

    def __init__(self, file: Path, lines: LineFormat) -> None:
        self.file, self._format = file, lines
        self._lines: list[bytes] = []
        if not os.access(file.parent, os.W_OK):
            what = "may not be written to" if file.parent.is_dir() else "is no folder"
            raise OutputError(f"{file} cannot be written: {file.parent} {what}. Choose another place with --out.")

    def is_done(self, path: Path) -> bool:
        return False

    def put(self, path: Path, record: dict[str, Any]) -> None:
        self._lines.append(self._format.line(record))

    def fail(self, path: Path, message: str, error_type: str) -> None:
        self.put(path, error_record(str(path), message, error_type))

    def finish(self) -> None:
        from mlx_model.whole_file import whole_file

        try:
            with whole_file(self.file) as stream:
                stream.write(self._format.head)
                stream.writelines(self._lines)
        except OSError as error:
            raise OutputError(_not_written(self.file, error)) from error


class BesidePictures:
    """A text file for each picture; one that is there is left alone unless `overwrite` says otherwise."""

    is_shown = False

    def __init__(self, files: list[Path], *, overwrite: bool) -> None:
        self._sidecars, self._overwrite = Sidecars(files), overwrite

    def is_done(self, path: Path) -> bool:
        sidecar = self._sidecars.of(path)
        if os.path.lexists(sidecar) and not self._overwrite:
            return True
        if path.parent.is_dir() and not os.access(path.parent, os.W_OK):
            raise InputError(f"{sidecar} cannot be written: the folder may not be written to. Use --write jsonl --out.")
        return False

    def put(self, path: Path, record: dict[str, Any]) -> None:
        sidecar = self._sidecars.of(path)
        try:
            write_sidecar(sidecar, record["text"])
        except OSError as error:
            raise OutputError(_not_written(sidecar, error)) from error

    def fail(self, path: Path, message: str, error_type: str) -> None:
        """A picture without words has no sidecar."""

    def finish(self) -> None:
        """Each is whole."""


def _not_written(path: Path, error: OSError) -> str:
    return (
        f"{path} could not be written: {error.strerror or error}. What was described so far is kept: with room for it, "
        "run the same command again."
    )
