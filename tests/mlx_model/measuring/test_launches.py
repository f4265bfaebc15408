"""Graphs small enough to count by eye."""

from collections.abc import Callable
from functools import partial

import mlx.core as mx
import mlx.nn as nn
import pytest

from mlx_model.measuring.launches import Launches, hollow, primitives, recorded

Work = Callable[[], object]


def x(*shape: int) -> mx.array:
    return hollow(shape, mx.float32)


def attend() -> mx.array:
    queries, keys = x(1, 4, 3, 8), x(1, 2, 5, 8)
    return mx.fast.scaled_dot_product_attention(queries, keys, keys, scale=1.0, mask="causal")


@partial(mx.compile, shapeless=True)
def compiled(a: mx.array, b: mx.array) -> mx.array:
    return mx.exp(a) * b + a


GRAPHS: dict[str, tuple[Work, int]] = {
    "an array": (lambda: x(2, 3), 0),
    "a sum": (lambda: x(2, 3) + x(2, 3), 1),
    "a product and a broadcast sum": (lambda: x(2, 3) @ x(3, 4) + x(4), 2),
    "views": (lambda: x(2, 3, 4).transpose(1, 0, 2).reshape(3, 8)[:, None, :4], 0),
    "softmax and a cast": (lambda: mx.softmax(x(2, 3), axis=-1).astype(mx.bfloat16), 2),
    "rms_norm": (lambda: mx.fast.rms_norm(x(2, 3), x(3), 1e-5), 1),
    "layer_norm": (lambda: mx.fast.layer_norm(x(2, 3), x(3), x(3), 1e-5), 1),
    "rope": (lambda: mx.fast.rope(x(1, 2, 3, 8), 8, traditional=False, base=1e4, scale=1.0, offset=2), 1),
    "attention": (attend, 1),
    "attention, its norm and a sum": (lambda: mx.fast.rms_norm(attend(), None, 1e-5) + 1, 3),
    "a product and a layer's norm": (lambda: nn.RMSNorm(8).update({"weight": x(8)})(x(2, 8) * 2), 2),
    "dequantize": (lambda: mx.dequantize(hollow((4, 8), mx.uint32), x(4, 1), x(4, 1), 64, 4) * x(4, 64), 2),
    "compiled": (lambda: compiled(x(2, 3), x(2, 3)), 1),
    "a compiled activation and a product": (lambda: nn.silu(x(2, 3)) * x(2, 3), 2),
}


@pytest.mark.parametrize("graph", GRAPHS)
def test_each_primitive_that_is_no_view_is_a_kernel(graph: str) -> None:
    work, kernels = GRAPHS[graph]
    assert recorded(work) == Launches(kernels, host_syncs=0)


def test_a_result_that_nobody_asks_for_is_not_launched() -> None:
    def work() -> mx.array:
        mx.exp(x(2, 3))
        return x(2, 3) * 2

    assert recorded(work).kernels == 1


def test_what_is_evaluated_on_the_way_counts_once() -> None:
    def work() -> mx.array:
        y = x(2, 3) * 2
        mx.eval(y)
        z = mx.exp(y)
        mx.async_eval({"z": [z]}, y)
        return z + 1

    assert recorded(work) == Launches(kernels=3, host_syncs=1)


def test_evaluating_is_a_wait_and_evaluating_in_the_background_is_none() -> None:
    assert recorded(lambda: mx.eval(x(2) + 1)).host_syncs == 1
    assert recorded(lambda: mx.async_eval(x(2) + 1)).host_syncs == 0


def test_reading_two_results_of_one_evaluation_waits_once() -> None:
    def work() -> None:
        token, logprob = mx.argmax(x(9)), mx.max(x(9))
        mx.async_eval(token, logprob)
        int(token), float(logprob), token.item()

    assert recorded(work).host_syncs == 1


def test_reading_what_was_never_asked_for_waits_for_it() -> None:
    def work() -> None:
        later = x(9) + 1
        mx.async_eval(later)
        int(mx.argmax(x(9)))

    assert recorded(work) == Launches(kernels=2, host_syncs=1)


def test_an_earlier_result_comes_with_a_later_one() -> None:
    def work() -> None:
        first, second = mx.argmax(x(9)), mx.max(x(9))
        mx.async_eval(first)
        mx.async_eval(second)
        float(second), int(first)

    assert recorded(work).host_syncs == 1


def test_a_number_that_is_there_is_read_as_it_is() -> None:
    number = mx.array(7)
    mx.eval(number)
    read: list[int] = []
    assert recorded(lambda: read.append(int(number))) == Launches(0, 0)
    assert read == [7]


def test_nothing_is_computed() -> None:
    mx.reset_peak_memory()
    before = mx.get_active_memory()
    assert recorded(lambda: x(100_000, 100_000) @ x(100_000, 100_000)).kernels == 1
    assert mx.get_peak_memory() - before < 1e6


def test_afterwards_everything_is_as_it_was() -> None:
    def work() -> None:
        raise RuntimeError("on the way")

    before = (mx.eval, mx.async_eval, mx.fast.rms_norm, mx.array.item)
    with pytest.raises(RuntimeError):
        recorded(work)
    assert (mx.eval, mx.async_eval, mx.fast.rms_norm, mx.array.item) == before
    assert int(mx.array(3) + 4) == 7
    assert mx.fast.rms_norm(mx.array([3.0, 4.0]), None, 0.0).tolist() == pytest.approx([0.8485281, 1.1313708])


def test_hollow_arrays_have_a_shape_and_no_memory() -> None:
    before = mx.get_active_memory()
    array = hollow((1 << 16, 1 << 16), mx.bfloat16)
    assert (array.shape, array.dtype, array.nbytes) == ((65536, 65536), mx.bfloat16, 1 << 33)
    assert primitives([array]) == []
    assert mx.get_active_memory() - before < 1000
