"""What a conversion starts from, whichever form it has on disk: a configuration, small files, parameters to read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from convert.packing import PackedParameter, Parameter
from mlx_model.loading.checkpoint import Checkpoint


@dataclass(frozen=True)
class Source:
    """`config` is the content of config.json, `files` what is written as it is, `nbytes` the size of the weights.

    `load` gives a lazy checkpoint in the source's own precision, a new one each time, and `stream` one for a single
    pass over many tokens; None where the output holds the very same numbers.
    """

    config: dict[str, Any]
    files: Mapping[str, bytes]
    parameters: list[Parameter | PackedParameter]
    nbytes: int
    load: Callable[[], Checkpoint] | None = None
    stream: Callable[[], Checkpoint] | None = None
