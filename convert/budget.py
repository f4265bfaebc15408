"""Bits for each decoder layer by what a bit buys there, until a size or a KL is reached.

A rounding error halves with every bit and KL grows with its square, so a layer's share of the KL is taken to shrink by
four. That orders the steps; where to stop is measured. Arithmetic alone.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace

from convert.recipe import BITS, CAREFUL_BITS, UNPACKED_BITS, Recipe, Rule
from convert.sensitivity import PROBE_BITS
from mlx_model.errors import ConversionError

_STEPS = tuple(bits for bits in BITS if bits < UNPACKED_BITS)


def ladder(base: Recipe, sensitivities: Sequence[float]) -> list[Recipe]:
    """Recipes from the fewest bits in every layer to the most, each with one layer a step higher than the one before:
    the layer where the step lowers the KL most for what it costs. All layers of a decoder have the same size.
    """
    steps = [0] * len(sensitivities)
    rungs = [_recipe(base, steps)]
    while min(steps) < len(_STEPS) - 1:
        gains = [_gain(loss, step) for loss, step in zip(sensitivities, steps, strict=True)]
        steps[max(range(len(steps)), key=gains.__getitem__)] += 1
        rungs.append(_recipe(base, steps))
    return rungs


def _gain(sensitivity: float, step: int) -> float:
    """KL that the next step saves for each bit that it costs."""
    if step == len(_STEPS) - 1:
        return -1.0
    now, then = _STEPS[step], _STEPS[step + 1]
    return sensitivity * (4.0 ** (PROBE_BITS - now) - 4.0 ** (PROBE_BITS - then)) / (then - now)


def _recipe(base: Recipe, steps: Sequence[int]) -> Recipe:
    rules = [Rule(f"language_model.layers.{layer}.*", _STEPS[step]) for layer, step in enumerate(steps)]
    careful = max(base.bits, CAREFUL_BITS) if base.careful_bits is None else base.careful_bits
    return replace(base, bits=_STEPS[min(steps)], rules=tuple(rules), careful_bits=careful)


def largest_within(rungs: Sequence[Recipe], nbytes: Callable[[Recipe], int], limit: int) -> Recipe:
    """The highest rung that is no larger than `limit` bytes. Raises ConversionError where even the lowest is."""
    first_above = bisect_left(rungs, limit + 1, key=nbytes)
    if first_above == 0:
        raise ConversionError(
            f"The smallest possible result has {nbytes(rungs[0]) / 1e6:.1f} MB: ask for at least that with --max-size."
        )
    return rungs[first_above - 1]


def smallest_within(rungs: Sequence[Recipe], kl: Callable[[Recipe], float], limit: float) -> Recipe:
    """The lowest rung whose measured `kl` is at most `limit`, by halving. ConversionError where none's is."""
    found = bisect_left(rungs, -limit, key=lambda rung: -kl(rung))
    if found == len(rungs):
        raise ConversionError(f"Even 8 bits everywhere are further from the source than a KL of {limit:g} a token.")
    return rungs[found]
