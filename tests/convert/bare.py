"""Conversion without its proof and with plain rounding, for tests of all else: seconds become a fraction of one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from convert import conversion
from convert.conversion import ConversionResult
from convert.recipe import Recipe


def convert(source: Path, out: Path, recipe: Recipe | None = None, **options: Any) -> ConversionResult:
    """As `convert.conversion.convert`, which a GGUF file without a recipe gets unchanged."""
    if source.suffix != ".gguf" or recipe is not None:
        recipe = replace(recipe or Recipe(), rounding="nearest")
    return conversion.convert(source, out, recipe, **{"check": False, **options})
