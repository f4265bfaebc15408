"""The paper's findings in small: five comparisons of two arms each, three seeds an arm, and a table with the spread.

    python -m tools.embedded.results.findings --from FOLDER --art art --fonts fonts --out findings [--minutes 2]

Every arm has the encoder of a given folder, held still, and is trained for the same processor time on one kind of
batch. What is compared begins anew in both arms: the row and column tokens, the connector, or all of the decoder where
the given one would favour what it was trained with. To read small text is more than a fresh decoder learns in minutes;
there both arms go on from the given one, which knows both. What is measured is the share of answers right in every
token, on batches of seeds that no arm trained on. Each arm and seed is a line in the out folder; run again to go on.
Seeds may run side by side: what counts is processor time.
"""

import argparse
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import mean

import torch

from tools.embedded.results.trials import Arm, Trial
from tools.embedded.training.stages import FEW, FOUR, ONE
from tools.embedded.world.scenes import Knobs, World
from tools.embedded.world.sprites import Sprites
from tools.embedded.world.words import find_fonts

SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Comparison:
    """`task` is what is measured; "" for all tasks together. `paper` is the arm that the paper found better."""

    name: str
    task: str
    arms: tuple[Arm, Arm]
    paper: str


TILED = replace(FOUR, sizes=((256, 256),), exhibits=5)
WHOLE = replace(ONE, sizes=((128, 128),), exhibits=16)
WHOLE_LARGE = replace(WHOLE, sizes=TILED.sizes)  # as large as those that are split
SMALL = Knobs(small=0.6, text=1.0, unknown=0.0)
SMALL_THINGS = Knobs(small=0.6, unknown=0.0)  # every second picture that is split has them anyway
CLIPS = replace(FEW, frames=(4, 4), exhibits=5)
COMPARISONS = (
    Comparison(
        "tile tags",
        "",
        (Arm("learned", TILED, fresh="tags"), Arm("text", replace(TILED, length=208), text_tags=True, fresh="tags")),
        "learned",
    ),
    Comparison(
        "pixel shuffle",
        "",
        (
            Arm("r=2, one tile", WHOLE_LARGE, knobs=SMALL_THINGS, fresh="connector"),
            Arm("r=4, split", TILED, knobs=SMALL_THINGS, shuffle=4, fresh="connector"),
        ),
        "r=4, split",
    ),
    Comparison(
        "small text",
        "read",
        (
            Arm("split", TILED, knobs=SMALL, fresh="nothing"),
            Arm("whole", WHOLE_LARGE, knobs=SMALL, fresh="nothing"),
        ),
        "split",
    ),
    Comparison(
        "frames",
        "",
        (Arm("each", CLIPS, fresh="connector"), Arm("averaged", CLIPS, averaged=2, fresh="connector")),
        "each",
    ),
    Comparison("loss", "", (Arm("answers", WHOLE), Arm("all tokens", WHOLE, all_tokens=True)), "answers"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--from", type=Path, dest="start", required=True, help="folder whose encoder and tokenizer serve"
    )
    parser.add_argument("--art", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, action="append", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=2, help="processor time of an arm with one seed")
    parser.add_argument("--seed", type=int, choices=SEEDS, help="this one alone, so that seeds may run side by side")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    world = World(Sprites(given.art), find_fonts(given.fonts))
    file = given.out / "results.jsonl"
    for seed in SEEDS if given.seed is None else (given.seed,):
        for comparison in COMPARISONS:
            for arm in comparison.arms:
                if found(file, comparison.name, arm.name, seed) is None:
                    record(file, comparison, arm, seed, given.start, world, 60 * given.minutes)
    print(table(file))


def record(file: Path, comparison: Comparison, arm: Arm, seed: int, start: Path, world: World, seconds: float) -> None:
    """Runs one trial and appends its line."""
    trial = Trial(arm, seed, start, world)
    steps = trial.train(seconds)
    result = Result(comparison.name, arm.name, seed, trial.right(comparison.task), steps, seconds / 60)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(result)) + "\n")


@dataclass(frozen=True)
class Result:
    """A line of the results."""

    comparison: str
    arm: str
    seed: int
    right: float
    steps: int
    minutes: float


def results(file: Path) -> list[Result]:
    if not file.exists():
        return []
    return [Result(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def found(file: Path, comparison: str, arm: str, seed: int) -> Result | None:
    wanted = (comparison, arm, seed)
    return next((one for one in results(file) if (one.comparison, one.arm, one.seed) == wanted), None)


def table(file: Path) -> str:
    """A Markdown table: mean and range of each arm, and whether the seeds agree with the paper."""
    lines = ["| comparison | first arm | second arm | paper |", "|---" * 4 + "|"]
    for comparison in COMPARISONS:
        cells, by_arm = [], {}
        for arm in comparison.arms:
            shares = [one.right for seed in SEEDS if (one := found(file, comparison.name, arm.name, seed))]
            by_arm[arm.name] = shares
            cells.append(f"{arm.name}: {spread(shares)}")
        lines.append(f"| {comparison.name} | {' | '.join(cells)} | {verdict(by_arm, comparison.paper)} |")
    return "\n".join(lines)


def spread(shares: list[float]) -> str:
    if not shares:
        return "not run"
    return f"{100 * mean(shares):.0f} % ({100 * min(shares):.0f} to {100 * max(shares):.0f})"


def verdict(by_arm: dict[str, list[float]], paper: str) -> str:
    """Agreement only where every seed of one arm beats every seed of the other."""
    (other,) = (shares for name, shares in by_arm.items() if name != paper)
    if not other or not by_arm[paper]:
        return f"{paper}: not run"
    if min(by_arm[paper]) > max(other):
        return f"{paper}: agrees"
    return f"{paper}: disagrees" if max(by_arm[paper]) < min(other) else f"{paper}: the seeds overlap"


if __name__ == "__main__":
    main()
