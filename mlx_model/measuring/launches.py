"""How many kernels Metal would launch, and how often Python would wait for it: counted on any machine.

`recorded` runs real code on arrays that are never computed. While it runs, each `mx.fast` function, like
`mx.dequantize`, is one opaque primitive in place of the several that a CPU takes it apart into, `mx.eval` and
`mx.async_eval` note what was asked for, and a number that Python reads from the device is made up. Afterwards the graph
behind all that was asked for is walked: every primitive that is no view counts as one kernel, and so does what
`mx.compile` fused.

What that leaves out: copies that Metal makes of arrays whose rows do not lie in order, and the cases in which an
`mx.fast` function has no kernel of its own for a shape. Knows no model.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
from mlx.utils import tree_flatten

FAST_FUNCTIONS = ("rms_norm", "layer_norm", "rope", "scaled_dot_product_attention")
# Primitives that describe the same memory anew, and so cost nothing.
VIEWS = frozenset(
    "AsStrided Broadcast BroadcastAxes ExpandDims Flatten Reshape Slice Split Squeeze StopGradient Transpose "
    "Unflatten View".split()
)
MADE_UP = 33  # an id in every vocabulary, and no special one
_evaluate = mx.eval  # the real one, also while another stands in its place
_PRIMITIVE = re.compile(r'label ="(\w+)", shape=rectangle')


@dataclass(frozen=True)
class Launches:
    """`kernels` started on the device; `host_syncs`, how often the host waited for one of them."""

    kernels: int
    host_syncs: int

    def __sub__(self, other: "Launches") -> "Launches":
        return Launches(self.kernels - other.kernels, self.host_syncs - other.host_syncs)


def recorded(work: Callable[[], object]) -> Launches:
    """What `work` would launch on Metal. It computes nothing, so its weights may be `hollow`.

    Functions compiled under `mx.compile` that call `mx.fast` keep the stand-ins: the process must not use them for
    answers afterwards.
    """
    recording = _Recording()
    with recording.running():
        result = work()
    asked = [*recording.asked, *_arrays(result)]
    return Launches(sum(is_kernel(name) for name in primitives(asked)), recording.host_syncs)


@contextmanager
def replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """Within, `owner.name` is `value`."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def hollow(shape: Iterable[int], dtype: mx.Dtype) -> mx.array:
    """An evaluated array of zeros that takes a single number's memory."""
    array = mx.broadcast_to(mx.zeros((), dtype), tuple(shape))
    _evaluate(array)
    return array


def primitives(arrays: Iterable[mx.array]) -> list[str]:
    """The name of every primitive that stands between these arrays and evaluated ones."""
    dot = io.StringIO()
    mx.export_to_dot(dot, *arrays)
    return _PRIMITIVE.findall(dot.getvalue())


def is_kernel(primitive: str) -> bool:
    return primitive not in VIEWS


class _Recording:
    """Stands between Python and MLX's evaluation: notes what was asked for, evaluates nothing."""

    def __init__(self) -> None:
        self.host_syncs = 0
        self.asked: list[mx.array] = []
        self._place: dict[int, int] = {}  # by an array's id: how much had been asked for before it
        self._done = 0  # so much of `asked` has been waited for

    @contextmanager
    def running(self) -> Iterator[None]:
        with ExitStack() as stack:
            for name in FAST_FUNCTIONS:
                stack.enter_context(replaced(mx.fast, name, _stand_in))
            stack.enter_context(replaced(mx, "dequantize", _dequantize_stand_in))
            for name in ("eval", "async_eval"):
                stack.enter_context(replaced(mx, name, getattr(self, name)))
            for name in ("item", "__int__", "__float__"):
                stack.enter_context(replaced(mx.array, name, self._reader(name)))
            yield

    def eval(self, *trees: Any) -> None:
        self.async_eval(*trees)
        self._wait(len(self.asked))

    def async_eval(self, *trees: Any) -> None:
        arrays = _arrays(list(trees))
        self.asked += arrays
        # One call is one piece of work: whoever waits for a part of it waits for all.
        self._place |= {id(array): len(self.asked) for array in arrays}

    def _wait(self, end: int) -> None:
        if end > self._done:
            self._done, self.host_syncs = end, self.host_syncs + 1

    def _reader(self, name: str) -> Callable[[mx.array], Any]:
        read = getattr(mx.array, name)

        def reader(array: mx.array) -> Any:
            if id(array) not in self._place:
                if not primitives([array]):
                    return read(array)
                self.async_eval(array)
            self._wait(self._place[id(array)])
            return float(MADE_UP) if name == "__float__" else MADE_UP

        return reader


def _arrays(tree: Any) -> list[mx.array]:
    return [leaf for leaf in dict(tree_flatten(tree)).values() if isinstance(leaf, mx.array)]


def _stand_in(x: mx.array, *rest: Any, **options: Any) -> mx.array:
    """One primitive in place of an `mx.fast` function: all its inputs, and its output's shape, that of the first.

    `mx.depends` passes its first input on. It would be a view, but no model's code has it between layers.
    """
    inputs = [value for value in (*rest, *options.values()) if isinstance(value, mx.array)]
    stood: mx.array = mx.depends(x, inputs or [x])
    return stood


def _dequantize_stand_in(
    w: mx.array, scales: mx.array, biases: mx.array | None = None, group_size: int | None = None, *_: Any, **__: Any
) -> mx.array:
    width = scales.shape[-1] * (group_size or 64)  # MLX's own default
    return _stand_in(hollow((*w.shape[:-1], width), scales.dtype), w, scales, biases)
