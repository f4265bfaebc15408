"""What a conversion starts from, whichever form it has on disk: a configuration, small files, parameters to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convert.packing import PackedParameter, Parameter


@dataclass(frozen=True)
class Source:
    """`config` is the content of config.json, `files` what is written as it is, `nbytes` the size of the weights."""

    config: dict[str, Any]
    files: Mapping[str, bytes]
    parameters: list[Parameter | PackedParameter]
    nbytes: int
