"""Captions as files: a text file beside each picture, or all in one file of JSON lines or CSV. Knows no store.

A text file that somebody else wrote is left alone unless it is to be replaced; one that says what the model said, or
what was written here before, is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.answers.records import error_record
from app.answers.sidecars import Sidecars, write_sidecar
from app.answers.writers import LINE_FORMATS
from app.folder.album import Entry

LONGEST_READ = 2**20


@dataclass
class Written:
    """`texts`: what stands beside which picture now. `left`: pictures beside which somebody else's text stands."""

    texts: dict[Path, str] = field(default_factory=dict)
    left: list[Path] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def write_sidecars(entries: Sequence[Entry], files: Sequence[Path], *, overwrite: bool = False) -> Written:
    """Write the captions of `entries`; `files` are all that are shown, since names depend on their neighbours."""
    sidecars, written = Sidecars(files), Written()
    for entry in entries:
        if not entry.has_caption:
            continue
        sidecar = sidecars.of(entry.path)
        try:
            if overwrite or _is_ours(sidecar, entry):
                write_sidecar(sidecar, entry.text, synced=False)
                written.texts[entry.path] = entry.text
            else:
                written.left.append(entry.path)
        except OSError as error:
            written.failed.append(f"{sidecar} could not be written: {error.strerror or error}.")
    return written


def write_lines(entries: Sequence[Entry], path: Path) -> int:
    """Write one file of the kind that its ending says; how many lines it has.

    Raises OSError, ValueError for another ending.
    """
    from mlx_model.whole_file import whole_file

    lines = LINE_FORMATS.get(path.suffix.lower().removeprefix("."))
    if lines is None:
        raise ValueError(f"{path.name} ends in none of {', '.join(f'.{ending}' for ending in LINE_FORMATS)}.")
    records = [record for entry in entries if (record := _record(entry)) is not None]
    with whole_file(path) as file:
        file.write(lines.head)
        file.writelines(map(lines.line, records))
    return len(records)


def _record(entry: Entry) -> dict[str, Any] | None:
    """The model's record with the caption as it stands; None where nothing is known of a picture."""
    if entry.has_caption:
        said = entry.record or {"path": str(entry.path), "kind": "image"}
        return {**said, "text": entry.text, "edited": entry.edited, "reviewed": entry.reviewed}
    return error_record(str(entry.path), entry.error, "InputError") if entry.error else None


def _is_ours(sidecar: Path, entry: Entry) -> bool:
    if not sidecar.exists():
        return True
    with sidecar.open("rb") as file:
        there = file.read(LONGEST_READ).decode("utf-8", "replace").rstrip("\n")
    said = entry.record["text"] if entry.record else None
    return there in (entry.written, said, entry.text)
