"""How many bits each part of the model gets. Data and arithmetic alone: knows neither MLX nor files.

The decoder's linear layers are most of the bytes read for each token, so they get the bits that were asked for.
Embeddings, head, connector and encoder keep 8: they are where quality is lost first and where few bytes are saved (see
docs/decisions/0005-bits-for-each-part.md).
"""

from dataclasses import dataclass

from mlx_model.config import Quantization

BITS = (3, 4, 5, 6, 8, 16)
GROUP_SIZES = (32, 64, 128)
UNPACKED_BITS = 16
CAREFUL_BITS = 8

# Prefixes of parameter names in the order they are tried, and the part that they belong to.
PARTS = (
    ("vision_model.", "vision encoder"),
    ("connector.", "connector"),
    ("language_model.embed_tokens.", "embeddings"),
    ("language_model.lm_head.", "head"),
    ("language_model.", "decoder"),
)


def part_of(name: str) -> str:
    """The part of the model that a parameter of that name belongs to, in words for a summary."""
    return next(part for prefix, part in PARTS if name.startswith(prefix))


@dataclass(frozen=True)
class Recipe:
    """`bits` for the decoder's linear layers (16: nothing is packed), a scale for every `group_size` weights."""

    bits: int = 4
    group_size: int = 64

    def quantization_for(self, name: str, shape: tuple[int, ...]) -> Quantization | None:
        """The packing of the parameter `name`, or None for one that keeps its source's values.

        A row that the group size does not divide takes the next smaller group (576 takes 64 for 128); one that none
        divides stays as it is (SO400M's fc2 is 4304 = 16 * 269 wide).
        """
        if self.bits == UNPACKED_BITS or not is_matrix(name, shape):
            return None
        group_size = next((size for size in self._group_sizes() if shape[1] % size == 0), None)
        if group_size is None:
            return None
        return Quantization(group_size, self.bits if part_of(name) == "decoder" else max(self.bits, CAREFUL_BITS))

    def _group_sizes(self) -> list[int]:
        return [size for size in sorted(GROUP_SIZES, reverse=True) if size <= self.group_size]


def is_matrix(name: str, shape: tuple[int, ...]) -> bool:
    """Whether a parameter is the weight of a linear layer or of the token embedding: what MLX can pack.

    The encoder's position embedding has two axes as well, but it is added, not multiplied.
    """
    return len(shape) == 2 and name.endswith(".weight") and not name.startswith("vision_model.embeddings.")
