"""Draws a run's log: losses, patches named rightly, answers right in every token, over processor time.

    python -m tools.embedded.results.curves run/log.jsonl docs/embedded-training.svg

Answers and patches are what the training drew, before that step learned from them, at the rates of that moment; what a
folder can do is measured by `evaluate`.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Line = dict[str, Any]
POINTS = 40  # of a curve: each is a mean over so many equal parts of the run
PATCHES = {
    "letters, scenes": ("letters on scenes", "letters on one"),
    "letters, pages": ("letters on pages",),
    "things, scenes": ("things on scenes", "things on one"),
    "things, crowds": ("things on pages",),
}
ANSWERS = {
    "caption": ("describe/one",),
    "text": ("read/one",),
    "count": ("count/one",),
    "where": ("where/one",),
    "is there": ("is_there/one",),
    "what changed": ("changed/pair",),
    "what happens": ("happens/few", "happens/many"),
}
LOSSES = {
    "patches": ("cells",),
    "one tile": ("answers/one",),
    "four tiles": ("answers/four",),
    "pairs": ("answers/pair",),
    "clips": ("answers/few", "answers/many"),
}


@dataclass(frozen=True)
class Curve:
    """Means at minutes of processor time."""

    name: str
    minutes: tuple[float, ...]
    values: tuple[float, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("picture", type=Path, help="what matplotlib writes: .svg, .png")
    given = parser.parse_args()
    draw([json.loads(line) for line in given.log.read_text(encoding="utf-8").splitlines()], given.picture)


def curves(lines: Sequence[Line], named: dict[str, tuple[str, ...]], points: int = POINTS) -> list[Curve]:
    """A curve for each name whose keys the log has, each value weighed by how many answers or patches it is of."""
    found = []
    for name, keys in named.items():
        minutes, values = [], []
        for part in parts(lines, points):
            seen = [entry for line in part for key in keys if (entry := entry_of(line, key)) is not None]
            if total := sum(of for _, of in seen):
                minutes.append(part[-1]["minutes"])
                values.append(sum(value * of for value, of in seen) / total)
        if values:
            found.append(Curve(name, tuple(minutes), tuple(values)))
    return found


def parts(lines: Sequence[Line], points: int) -> list[Sequence[Line]]:
    """The run in at most so many parts of equal length."""
    size = max(1, -(-len(lines) // points))
    return [lines[start : start + size] for start in range(0, len(lines), size)]


def entry_of(line: Line, key: str) -> tuple[float, int] | None:
    """A loss, or a share of so many."""
    if key in line["loss"]:
        return line["loss"][key], 1
    return tuple(line["right"][key]) if key in line["right"] else None


def stage_changes(lines: Sequence[Line]) -> list[tuple[float, str]]:
    """When which stage began."""
    return [
        (line["minutes"], line["stage"])
        for before, line in zip([None, *lines], lines, strict=False)
        if before is None or before["stage"] != line["stage"]
    ]


def draw(lines: Sequence[Line], picture: Path) -> None:
    """Three panels side by side; a grey line where a stage begins."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4), layout="constrained")
    titles = ("loss", "patches named rightly", "answers right in every token")
    for axes, title, named in zip(figure.subplots(1, 3), titles, (LOSSES, PATCHES, ANSWERS), strict=True):
        for curve in curves(lines, named):
            axes.plot(curve.minutes, curve.values, label=curve.name)
        for minute, stage in stage_changes(lines):
            axes.axvline(minute, color="0.85", zorder=0)
            axes.annotate(
                stage, (minute, 1.0), xycoords=("data", "axes fraction"), fontsize=6, color="0.5", va="bottom"
            )
        axes.set(xlabel="minutes of processor time a worker")
        axes.set_title(title, pad=16)
        axes.set_ylim(bottom=0)
        axes.legend(fontsize=7)
    figure.savefig(picture, metadata={"Date": None} if picture.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
