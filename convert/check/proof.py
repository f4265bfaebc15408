"""The check of a finished folder against its source: both streamed from disk over the check set, one after the other.

Memory holds a layer, the activations, and the source's logits at the answers; greedy text is the exception, and has a
limit of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx

from convert.check.affordable import Extent, affordable, extent
from convert.check.check_set import digest, read_items
from convert.check.comparison import Comparison, compare, trace
from convert.check.greedy import agreement, fits, greedy_texts
from convert.check.streamed_model import StreamedModel
from mlx_model.loading.checkpoint import Checkpoint, load_lazily, load_to_stream

Open = Callable[[], Checkpoint]


@dataclass(frozen=True)
class Proof:
    """`text_agreement` is None where source and result are too large together."""

    comparison: Comparison
    text_agreement: float | None
    check_set: str
    extent: Extent


def prove(stream: Open, load: Open, folder: Path, *, greedy: bool = True) -> Proof:
    """Compare `folder` with its source: `stream` opens that for one pass, `load` to be asked, both lazily.

    Raises ConversionError where the result's numbers are not finite.
    """
    with _weights_apart():
        source = stream()
    items = affordable(read_items(source, "check"), source.config)
    read = extent(items, source.config)
    expected = trace(StreamedModel(source), items)
    del source
    with _weights_apart():
        result = load_to_stream(folder)
    found = compare(expected, StreamedModel(result), items)
    del result
    del expected
    mx.clear_cache()
    text_agreement = None
    if greedy and fits(load(), load_lazily(folder)):
        texts = [greedy_texts(open_one(), items) for open_one in (load, lambda: load_lazily(folder))]
        text_agreement = agreement(*texts)
    return Proof(found, text_agreement, digest(), read)


def _weights_apart() -> mx.StreamContext:
    """Within, weights are to be read and unpacked on a stream of their own, beside the arithmetic."""
    return mx.stream(mx.new_stream(mx.default_device()))
