"""The mean of two sets of weights, as a run to be exported: of an edition and of the run that went on from it.

    python -m tools.embedded.results.average assets/embedded run run/mean

What training had learned anew is kept at half its strength and what it had begun to forget comes back by half; as long
as one run began with the other's weights, the mean may know more than either (Wortsman et al., "Model soups", 2022).
"""

import argparse
import shutil
from pathlib import Path

import torch
from torch import Tensor

from tools.embedded.training.warm_start import weights_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="folder that the run began with: one that ships, or a run's")
    parser.add_argument("after", type=Path, help="folder of the run that went on")
    parser.add_argument("out", type=Path, help="folder for the mean, made when it isn't there")
    given = parser.parse_args()
    average(given.before, given.after, given.out)


def average(before: Path, after: Path, out: Path) -> None:
    """Writes checkpoint and tokenizer of the mean; helpers that only one of the two has are the later one's."""
    out.mkdir(parents=True, exist_ok=True)
    earlier = weights_of(before)
    later = torch.load(after / "checkpoint.pt", weights_only=True)
    trained = {name: mean_of(earlier.get(name), value) for name, value in later["trained"].items()}
    torch.save(later | {"trained": trained}, out / "checkpoint.pt")
    shutil.copy(after / "tokenizer.json", out / "tokenizer.json")


def mean_of(earlier: Tensor | None, later: Tensor) -> Tensor:
    return later if earlier is None or earlier.shape != later.shape else (earlier + later) / 2


if __name__ == "__main__":
    main()
