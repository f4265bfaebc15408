"""The check of a finished folder against its source: both streamed from disk over the check set, one after the other.

Memory holds a layer, the activations, and the source's logits at the answers; greedy text is the exception, and has a
limit of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx

from convert.check.check_set import digest, read_items
from convert.check.comparison import Comparison, compare, trace
from convert.check.greedy import agreement, fits, greedy_texts
from convert.check.streamed_model import StreamedModel
from mlx_model.loading.checkpoint import Checkpoint, load_lazily


@dataclass(frozen=True)
class Proof:
    """`text_agreement` is None where source and result are too large together."""

    comparison: Comparison
    text_agreement: float | None
    check_set: str


def prove(open_source: Callable[[], Checkpoint], folder: Path, *, greedy: bool = True) -> Proof:
    """Compare `folder` with its source, of which `open_source` gives a lazy checkpoint each time it is called.

    Raises ConversionError where the result's numbers are not finite.
    """
    source = open_source()
    items = read_items(source, "check")
    expected = trace(StreamedModel(source), items)
    del source
    found = compare(expected, StreamedModel(load_lazily(folder)), items)
    del expected
    mx.clear_cache()
    text_agreement = None
    if greedy and fits(open_source(), load_lazily(folder)):
        texts = [greedy_texts(open_one(), items) for open_one in (open_source, lambda: load_lazily(folder))]
        text_agreement = agreement(*texts)
    return Proof(found, text_agreement, digest())
