"""What a parameter is called, and which way round it lies, in the folders that we write.

Two forms: ours, which mlx-vlm reads too (mlx-lm, for a model of words alone), and the hub's, which transformers reads.
"""

from collections.abc import Callable
from dataclasses import dataclass

import mlx.core as mx

_HUB_PREFIXES = (
    ("language_model.lm_head.", "lm_head."),
    ("language_model.", "model.text_model."),
    ("vision_model.", "model.vision_model."),
    ("connector.", "model.connector."),
)
_PATCHES = "vision_model.embeddings.patch_embedding.weight"


@dataclass(frozen=True)
class Form:
    """`stored_name` of a parameter by its name in our model; `tag` is what a file's header says of its origin."""

    stored_name: Callable[[str], str]
    tag: str
    channels_first: bool = False

    def stored(self, name: str, array: mx.array) -> mx.array:
        """The numbers of the parameter `name` as this form has them: torch has a convolution's channels second."""
        return array.transpose(0, 3, 1, 2) if self.channels_first and name == _PATCHES else array

    def stored_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], shape[3], *shape[1:3]) if self.channels_first and name == _PATCHES else shape


def mlx_form(*, sees: bool) -> Form:
    return Form(str if sees else _words_alone, "mlx")


def hub_form(*, sees: bool) -> Form:
    return Form(_hub_name if sees else _words_alone, "pt", channels_first=True)


def _words_alone(name: str) -> str:
    """`model.layers...`, `lm_head`: the same on the hub and in mlx-lm."""
    name = name.removeprefix("language_model.")
    return name if name.startswith("lm_head.") else f"model.{name}"


def _hub_name(name: str) -> str:
    ours, hubs = next(pair for pair in _HUB_PREFIXES if name.startswith(pair[0]))
    return hubs + name.removeprefix(ours)
