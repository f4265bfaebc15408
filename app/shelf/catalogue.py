"""The published checkpoints that have a short name, kept as data in `catalogue.json`.

What is not known stands there as null: a revision or a checksum is never guessed. `download_bytes` are the weights'
16-bit numbers counted from the published shapes, `memory_bytes` the paper's figure for one picture (arXiv 2504.05299).
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Known:
    """A published checkpoint; `purpose` is "pictures", "documents" or "words", `about` the same for a reader.

    `revision` is the commit that is fetched, None for the newest; `sha256` the known checksums by file name.
    """

    name: str
    hub_id: str
    purpose: str
    about: str
    revision: str | None
    sha256: dict[str, str]
    parameters: int | None
    download_bytes: int | None
    memory_bytes: int | None


@cache
def catalogue() -> tuple[Known, ...]:
    """The most able of each purpose first."""
    rows = json.loads((Path(__file__).parent / "catalogue.json").read_text(encoding="utf-8"))["models"]
    return tuple(Known(hub_id=row.pop("id"), purpose=row.pop("for"), **row) for row in rows)


def known_as(hub_id: str) -> Known | None:
    """The catalogue's row for an id of the hub."""
    return next((known for known in catalogue() if known.hub_id == hub_id), None)


def is_hub_id(name: str) -> bool:
    """Whether `name` has the form "org/name" of the hub."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", name, re.ASCII) is not None
