"""How many bits each part of the model gets. Data and arithmetic alone: knows neither MLX nor files.

The decoder's linear layers are most of the bytes read for each token, so they get the bits that were asked for.
Embeddings, head, connector and encoder keep 8: they are where quality is lost first and where few bytes are saved (see
docs/decisions/0005-bits-for-each-part.md). Rules by name say otherwise for single layers.
"""

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

from mlx_model.config import Quantization

BITS = (2, 3, 4, 5, 6, 8, 16)
GROUP_SIZES = (32, 64, 128)
UNPACKED_BITS = 16
CAREFUL_BITS = 8
# A decoder of fewer weights is treated as carefully as all else: fewer bits would save some megabytes at most, and the
# fewer weights a model has, the more each one's rounding changes what it says. The smallest published has 106 million.
SMALL_DECODER = 32_000_000
# Matrices whose rounding moves the result most.
SENSITIVE = ("self_attn.v_proj", "mlp.down_proj")

# Prefixes of parameter names in the order they are tried, and the part that they belong to.
PARTS = (
    ("vision_model.", "vision"),
    ("connector.", "connector"),
    ("language_model.embed_tokens.", "embeddings"),
    ("language_model.lm_head.", "head"),
    ("language_model.", "decoder"),
)
Rounding = Literal["auto", "learned", "nearest"]
Target = Literal["mlx", "hub"]
Mix = Literal["mixed", "uniform"]


def part_of(name: str) -> str:
    """The part of the model that a parameter of that name belongs to, in words for a summary."""
    return next(part for prefix, part in PARTS if name.startswith(prefix))


def group_of(name: str) -> str:
    """The layer that a parameter belongs to ("language_model.layers.3"), or its module where there are no layers.

    What is in one group gets the same bits when bits are chosen by sensitivity.
    """
    before, layers, after = name.partition(".layers.")
    return f"{before}{layers}{after.split('.')[0]}" if layers else name.rsplit(".", 1)[0]


@dataclass(frozen=True)
class Rule:
    """`bits` for all parameters whose names match the shell pattern."""

    pattern: str
    bits: int


@dataclass(frozen=True)
class Recipe:
    """`bits` for the decoder's linear layers (16: nothing is packed), a scale for every `group_size` weights.

    What is not in the decoder has `careful_bits` at least (None: 8), in groups of `careful_group_size` where that is
    given. The first of the `rules` that matches a name decides on its bits. `rounding` says how numbers get onto the
    grid: `learned` from the calibration set, or to the `nearest` point; `auto` learns where that takes minutes.
    """

    bits: int = 4
    group_size: int = 64
    rules: tuple[Rule, ...] = ()
    rounding: Rounding = "auto"
    mix: Mix = "uniform"
    careful_bits: int | None = None
    careful_group_size: int | None = None

    def quantization_for(self, name: str, shape: tuple[int, ...]) -> Quantization | None:
        """The packing of the parameter `name`, or None for one that keeps its source's values.

        A row that the group size does not divide takes the next smaller group (576 takes 64 for 128); one that none
        divides stays as it is, unless it is an encoder's (see `whole_groups.py`).
        """
        bits, most = self._bits_for(name), self._most_in_group(name)
        if bits == UNPACKED_BITS or not is_matrix(name, shape):
            return None
        sizes = (size for size in sorted(GROUP_SIZES, reverse=True) if size <= most and shape[1] % size == 0)
        group_size = next(sizes, None)
        return None if group_size is None else Quantization(group_size, bits)

    def _bits_for(self, name: str) -> int:
        for rule in self.rules:
            if fnmatchcase(name, rule.pattern):
                return rule.bits
        return (
            self.bits
            if part_of(name) == "decoder"
            else max(self.bits, CAREFUL_BITS if self.careful_bits is None else self.careful_bits)
        )

    def _most_in_group(self, name: str) -> int:
        return self.group_size if part_of(name) == "decoder" else self.careful_group_size or self.group_size

    def for_pictures(self, layers: int, weights: int) -> "Recipe":
        """The same for a model that sees, of so many decoder layers with so many weights.

        Where bits are mixed, values and down projections of the first and last eighth get two more, since all that
        follows carries their errors on. A small decoder gets the careful bits throughout.
        """
        if self.mix == "uniform" or self.rules or self.bits >= CAREFUL_BITS:
            return self
        if weights < SMALL_DECODER:
            return replace(self, rules=(Rule("language_model.layers.*", CAREFUL_BITS),))
        end = max(1, layers // 8)
        outer = sorted({*range(end), *range(layers - end, layers)})
        names = [f"language_model.layers.{layer}.{module}.weight" for layer in outer for module in SENSITIVE]
        more = min(known for known in BITS if known >= min(self.bits + 2, CAREFUL_BITS))
        return replace(self, rules=tuple(Rule(name, more) for name in names))

    def for_words_alone(self) -> "Recipe":
        """The same for a model that has no encoder: its table is a fifth of it, and read whole for every token. It gets
        the decoder's bits in small groups instead of eight, unless something else was asked for.
        """
        if self.careful_bits is not None:
            return self
        return replace(self, careful_bits=self.bits, careful_group_size=min(GROUP_SIZES))

    def __str__(self) -> str:
        if self.bits == UNPACKED_BITS and not self.rules:
            return "nothing packed"
        if not self.rules:
            return f"{self.bits} bits in groups of {self.group_size}"
        few = f"{self.rules[0].bits} for {self.rules[0].pattern}"
        others = few if len(self.rules) == 1 else f"{len(self.rules)} exceptions"
        return f"{self.bits} bits in groups of {self.group_size}, {others}"


DEFAULT = Recipe(mix="mixed")


def is_matrix(name: str, shape: tuple[int, ...]) -> bool:
    """Whether a parameter is the weight of a linear layer or of the token embedding: what MLX can pack.

    The encoder's position embedding has two axes as well, but it is added, not multiplied.
    """
    return len(shape) == 2 and name.endswith(".weight") and not name.startswith("vision_model.embeddings.")
