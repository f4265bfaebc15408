"""One answer as one JSON object: the fields of `--json`, in their order, for the command line and for exports.

Durations in seconds, `peak_memory_bytes` from MLX's counter. `grid` is the rows and columns into which a picture was
split, null for one seen whole in one tile, `span` the seconds of a clip that were looked at; for several inputs under
one question each is a list. Knows no stream.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlx_model.events import Answer
    from mlx_model.media.images import Plan
    from mlx_model.media.video import FramePlan


@dataclass(frozen=True)
class Asked:
    """What was asked of whom: the part of a record that is known before the answer.

    `paths`: the pictures and clips as the user named them, none for a question in words alone.
    """

    paths: tuple[str, ...]
    model: str
    notice: str | None
    question: str
    detail: str | int
    together: bool = False

    @property
    def path(self) -> str | list[str] | None:
        if self.together:
            return list(self.paths)
        return self.paths[0] if self.paths else None


def answer_record(asked: Asked, answer: "Answer", text: str, load_seconds: float) -> dict[str, Any]:
    """The model's answer; `text` is what the user sees of `answer.text`."""
    grids, spans = [_grid(plan) for plan in answer.plans], [_span(plan) for plan in answer.plans]
    return {
        **_question_part(asked, _kind(asked, spans)),
        "text": text,
        "finish_reason": answer.finish_reason,
        "blank": False,
        "confidence": asdict(answer.confidence) if answer.confidence else None,
        "detail": asked.detail,
        "grid": grids if asked.together else next(iter(grids), None),
        "tiles": sum(plan.tiles for plan in answer.plans),
        "image_tokens": answer.image_tokens,
        "prompt_tokens": answer.prompt_tokens,
        "cached_tokens": answer.cached_tokens,
        "generated_tokens": answer.generated_tokens,
        **({"forgotten": asdict(answer.forgot)} if answer.forgot else {}),
        **({"span": spans if asked.together else spans[0]} if any(spans) else {}),
        "seconds": {"load": load_seconds, **asdict(answer.seconds)},
        "tokens_per_second": answer.tokens_per_second,
        "peak_memory_bytes": answer.peak_memory_bytes,
    }


def blank_record(asked: Asked, text: str, load_seconds: float) -> dict[str, Any]:
    """An empty picture, named from its pixels: the model was not asked, so nothing was counted or measured."""
    stages = ("preprocess", "vision", "prefill", "first_token", "decode")
    return {
        **_question_part(asked, "image"),
        "text": text,
        "finish_reason": "stop",
        "blank": True,
        "confidence": None,
        "detail": asked.detail,
        "grid": None,
        "tiles": 0,
        **dict.fromkeys(("image_tokens", "prompt_tokens", "cached_tokens", "generated_tokens"), 0),
        "seconds": {"load": load_seconds, **dict.fromkeys(stages, 0.0)},
        "tokens_per_second": None,
        "peak_memory_bytes": 0,
    }


def error_record(path: str | list[str] | None, message: str, error_type: str) -> dict[str, Any]:
    """What stands in place of an answer that there is not; `path` is null where no input is at fault."""
    return {"path": path, "error": message, "error_type": error_type}


def as_json_line(record: dict[str, Any]) -> bytes:
    """The record as one line of UTF-8, safe for a terminal.

    Control characters above ASCII, and the bytes of a file name that are no UTF-8, are written as \\u escapes.
    """
    line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    line = re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", line)
    return line.encode("utf-8", "backslashreplace") + b"\n"


def _question_part(asked: Asked, kind: str) -> dict[str, Any]:
    return {
        "path": asked.path,
        "kind": kind,
        "model": asked.model,
        "notice": asked.notice,
        "question": asked.question,
    }


def _kind(asked: Asked, spans: Sequence[dict[str, float] | None]) -> str:
    """ "text", "image" or "clip"; for one question about several "images", "clips", or "mixed"."""
    if not asked.paths:
        return "text"
    kind = "clip" if all(spans) and spans else "mixed" if any(spans) else "image"
    return kind if kind == "mixed" or not asked.together else f"{kind}s"


def _grid(plan: "Plan | FramePlan") -> Sequence[int] | None:
    return [plan.rows, plan.cols] if plan.rows and plan.cols else None


def _span(plan: "Plan | FramePlan") -> dict[str, float] | None:
    from mlx_model.media.video import FramePlan

    return {"start": round(plan.start, 3), "end": round(plan.end, 3)} if isinstance(plan, FramePlan) else None
