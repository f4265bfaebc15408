"""What a user can ask for by name: wordings, detail and length of each task, kept as data in `tasks.json`.

The wording matters more than the engine for models of this size, so it stands in one place. Knows no model.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

DEFAULT_TASK = "caption"


@dataclass(frozen=True)
class Task:
    """One kind of question about a picture.

    `names_blank`: an empty picture is named from its pixels, the model is not asked. `max_characters`: the answer is
    cut to this length, at a sentence or a word. `clip_question`: the words where a clip is asked about.
    """

    name: str
    help: str
    question: str
    detail: Literal["auto", "low", "high"]
    max_tokens: int
    max_characters: int | None = None
    names_blank: bool = False
    clip_question: str | None = None


@cache
def tasks() -> dict[str, Task]:
    """Every task by name, in the order in which they are shown."""
    return {row["name"]: Task(**row) for row in _data()["tasks"]}


@cache
def summary_task() -> Task:
    """How the captions of a clip are summed up; its question has a place for `{captions}`."""
    return Task(**_data()["summary"])


@cache
def trigger_questions() -> dict[str, str]:
    """How to ask whether a wish has come true, for a "thing" and a "statement"; each has a place for `{wish}`."""
    return dict(_data()["triggers"])


def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((Path(__file__).parent / "tasks.json").read_text(encoding="utf-8"))
    return data
