"""How much each decoder layer's rounding moves the result, from one pass of the source over the check set.

Every layer is tried packed by itself: what it then hands on goes through all later layers beside the source's own
activations, so that the weights are read once. Knows neither files nor recipes.
"""

from collections.abc import Callable, Sequence

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.utils import tree_flatten, tree_unflatten

from convert.check.check_set import read_items
from convert.check.comparison import answers, kl_divergence
from convert.check.streamed_model import StreamedModel
from mlx_model.loading.checkpoint import Checkpoint

PROBE_BITS = 3
_PROBE_GROUP = 32


def layer_sensitivities(load: Callable[[], Checkpoint]) -> list[float]:
    """KL a token (nats) on the check set when that decoder layer alone is packed to `PROBE_BITS`, for each layer."""
    source = load()
    items, model = read_items(source, "check"), StreamedModel(source)
    del source
    features = model.encode([item.pixels for item in items if item.pixels is not None])
    tokens = iter(model.connect(features))
    placed = [None if item.pixels is None else next(tokens) for item in items]
    exact = model.embed([item.ids for item in items], placed)
    perturbed: list[list[mx.array]] = []
    for layer in model.decoder_layers():
        perturbed = [model.through(layer, sequences) for sequences in perturbed]
        before, exact = exact, model.through(layer, exact)
        _round_in_place(layer)
        perturbed.append(model.through(layer, before))
    expected = answers(model, items, exact)
    return [_kl(expected, answers(model, items, sequences)) for sequences in perturbed]


def _round_in_place(layer: nn.Module) -> None:
    """Every matrix that a group divides as it would be after packing."""
    parameters: dict[str, mx.array] = dict(tree_flatten(layer.parameters()))
    matrices = {name: one for name, one in parameters.items() if one.ndim == 2 and one.shape[1] % _PROBE_GROUP == 0}
    layer.update(tree_unflatten([(name, _rounded(weight)) for name, weight in matrices.items()]))


def _rounded(weight: mx.array) -> mx.array:
    words, scales, biases = mx.quantize(weight, group_size=_PROBE_GROUP, bits=PROBE_BITS)
    return mx.dequantize(words, scales, biases, group_size=_PROBE_GROUP, bits=PROBE_BITS)


def _kl(source: Sequence[mx.array], result: Sequence[mx.array]) -> float:
    each = [kl_divergence(one, other) for one, other in zip(source, result, strict=True)]
    return max(float(np.concatenate(each).mean()), 0.0)
