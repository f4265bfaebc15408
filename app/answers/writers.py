"""Answers as the lines of one file, one class a format, made of records (see `records.py`), errors' too.

Each gives bytes, so that a terminal, a pipe and a file hold the same.
"""

import csv
from io import StringIO
from typing import Any, Protocol

from app.answers.records import as_json_line


class LineFormat(Protocol):
    """`head` comes once before all lines."""

    @property
    def head(self) -> bytes: ...

    def line(self, record: dict[str, Any]) -> bytes: ...


class JsonLines:
    """One object a line."""

    head = b""

    def line(self, record: dict[str, Any]) -> bytes:
        return as_json_line(record)


class Csv:
    """One row a picture, for spreadsheets; line feeds in a text stay, in quotation marks (RFC 4180)."""

    COLUMNS = (
        *("path", "kind", "model", "question", "text", "finish_reason", "blank", "confidence"),
        *("detail", "tiles", "generated_tokens", "error", "error_type"),
    )

    @property
    def head(self) -> bytes:
        return _row(self.COLUMNS)

    def line(self, record: dict[str, Any]) -> bytes:
        confidence = record.get("confidence")
        flat = {**record, "confidence": round(confidence["mean"], 4) if confidence else None}
        return _row([flat.get(column) for column in self.COLUMNS])


LINE_FORMATS: dict[str, LineFormat] = {"jsonl": JsonLines(), "csv": Csv()}


def _row(cells: Any) -> bytes:
    stream = StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue().encode("utf-8", "backslashreplace")
