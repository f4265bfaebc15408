"""What a layer's matrices read: the sum of x x^T over the calibration set, recorded while the layer runs.

Recorded where a value is made or used rather than at each matrix: matrices with the same input share their moments.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

# Where to listen, whether to its input or its output, and which matrices read that. Paths inside a layer.
Listening = tuple[tuple[str, bool, tuple[str, ...]], ...]
DECODER: Listening = (
    ("input_layernorm", True, ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
    ("self_attn.o_proj", False, ("self_attn.o_proj",)),
    ("post_attention_layernorm", True, ("mlp.gate_proj", "mlp.up_proj")),
    ("mlp.down_proj", False, ("mlp.down_proj",)),
)
ENCODER: Listening = (
    ("layer_norm1", True, ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
    ("self_attn.out_proj", False, ("self_attn.out_proj",)),
    ("layer_norm2", True, ("mlp.fc1",)),
    ("mlp.fc2", False, ("mlp.fc2",)),
)


class Recorder(nn.Module):
    """Stands in a module's place and sums the outer products of what goes in, or of what comes out."""

    def __init__(self, module: Callable[[mx.array], mx.array], *, of_output: bool) -> None:
        super().__init__()
        self.module, self.of_output = module, of_output
        self.moments: mx.array | None = None

    def __call__(self, x: mx.array) -> mx.array:
        y = self.module(x)
        seen = outer_products(y if self.of_output else x)
        self.moments = seen if self.moments is None else self.moments + seen
        mx.eval(self.moments)
        return y


def outer_products(x: mx.array) -> mx.array:
    """[..., width] -> [width, width], in float32."""
    rows = x.reshape(-1, x.shape[-1]).astype(mx.float32)
    return rows.T @ rows


@contextmanager
def recording(layer: nn.Module, listening: Listening) -> Iterator[dict[str, np.ndarray]]:
    """Within, the layer is to be run over everything; after it the dictionary has moments by the matrix's path."""
    found: dict[str, np.ndarray] = {}
    recorders = []
    for path, of_output, readers in listening:
        *parents, name = path.split(".")
        owner: Any = layer
        for parent in parents:
            owner = owner[parent]
        recorder = Recorder(owner[name], of_output=of_output)
        owner[name] = recorder
        recorders.append((owner, name, recorder, readers))
    yield found
    for owner, name, recorder, readers in recorders:
        owner[name] = recorder.module
        moments = np.array(recorder.moments)
        found.update(dict.fromkeys(readers, moments))
