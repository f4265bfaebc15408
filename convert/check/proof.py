"""The check of a finished folder against its source: both streamed from disk over the check set, one after the other.

Memory holds a layer, the activations, and the source's logits at the answers; greedy text is the exception, and has a
limit of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mlx.core as mx

from convert.check.check_set import Item, digest, read_items
from convert.check.comparison import Comparison, compare, trace
from convert.check.greedy import agreement, fits, greedy_texts, weight_bytes
from convert.check.streamed_model import StreamedModel
from mlx_model.device.arithmetic import ON_METAL
from mlx_model.loading.checkpoint import Checkpoint, load_lazily

_LARGE = 4_000_000_000  # bytes of float32: between the 500M and the 2.2B


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
    with _weights_apart():
        source = open_source()
    items = _affordable(read_items(source, "check"), source)
    expected = trace(StreamedModel(source), items)
    del source
    with _weights_apart():
        result = load_lazily(folder)
    found = compare(expected, StreamedModel(result), items)
    del result
    del expected
    mx.clear_cache()
    text_agreement = None
    if greedy and fits(open_source(), load_lazily(folder)):
        texts = [greedy_texts(open_one(), items) for open_one in (open_source, lambda: load_lazily(folder))]
        text_agreement = agreement(*texts)
    return Proof(found, text_agreement, digest())


def _weights_apart() -> mx.StreamContext:
    """Within, weights are to be read and unpacked on a stream of their own, beside the arithmetic."""
    return mx.stream(mx.new_stream(mx.default_device()))


def _affordable(items: list[Item], checkpoint: Checkpoint) -> list[Item]:
    """On a CPU a large model reads the first picture and the first text alone: all would take longer than the rest of
    the conversion several times over.
    """
    if ON_METAL or weight_bytes(checkpoint) <= _LARGE:
        return items
    pictures, words = ([item for item in items if (item.pixels is None) is without] for without in (False, True))
    return [*pictures[:1], *words[:1]]
