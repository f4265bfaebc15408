"""Conversion to a goal instead of to bits: as near to the source as a size allows, or as small as a KL allows."""

import tempfile
from pathlib import Path

from convert.budget import ladder, largest_within, smallest_within
from convert.conversion import convert
from convert.folder_source import open_folder
from convert.naming import mlx_form
from convert.packing import job_for
from convert.recipe import Recipe
from convert.sensitivity import layer_sensitivities
from convert.source import Source
from mlx_model.device.memory import limit_memory
from mlx_model.errors import ConversionError


def recipe_for(
    source: Path,
    base: Recipe,
    *,
    adapter: Path | None = None,
    max_bytes: int | None = None,
    target_kl: float | None = None,
) -> Recipe:
    """The recipe that reaches the goal, found on the check set: `max_bytes` of weights, or `target_kl` nats a token.

    The second converts the source several times, into a temporary folder. Raises as `convert` does, and ConversionError
    where the goal cannot be reached.
    """
    if source.suffix.lower() == ".gguf":
        raise ConversionError(f"{source} is a GGUF file: convert it with --bits 16 first, then that folder to a goal.")
    limit_memory()
    opened = open_folder(source, adapter)
    assert opened.load is not None
    if "vision_config" not in opened.config:
        base = base.for_words_alone()
    rungs = ladder(base, layer_sensitivities(opened.load))
    if max_bytes is not None:
        return largest_within(rungs, lambda recipe: nbytes(opened, recipe), max_bytes)
    assert target_kl is not None
    return smallest_within(rungs, lambda recipe: _measured_kl(source, adapter, recipe), target_kl)


def nbytes(source: Source, recipe: Recipe) -> int:
    """What the weights would take, without reading them."""
    form = mlx_form(sees="vision_config" in source.config)
    return sum(job_for(parameter, form, recipe).nbytes for parameter in source.parameters)


def _measured_kl(source: Path, adapter: Path | None, recipe: Recipe) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        checked = convert(source, Path(scratch) / "tried", recipe, adapter=adapter, greedy=False).report.checked
    assert checked is not None
    return checked.kl_per_token
