"""Several layers that take the same input as one: a decoder's q, k and v, or gate and up.

One large product is quicker than several small ones, and a launch less each. Files know nothing of it: they hold the
layers apart, and a loaded model joins them.
"""

import mlx.core as mx
import mlx.nn as nn


def fused(*layers: nn.Module) -> nn.Module | None:
    """A layer whose output is that of `layers` side by side; None where they are not of one kind and packing.

    It takes the place of the first, whose weights it replaces.
    """
    first = layers[0]
    if any(_kind(layer) != _kind(first) for layer in layers):
        return None
    first.update({name: mx.concatenate([layer[name] for layer in layers]) for name in first.parameters()})
    return first


def _kind(layer: nn.Module) -> tuple[object, ...]:
    packing = (getattr(layer, "bits", None), getattr(layer, "group_size", None))
    return (type(layer), *packing, *((name, layer[name].dtype) for name in sorted(layer.parameters())))
