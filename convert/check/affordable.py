"""How much of the check set a model reads: all of it, or as much as a budget of arithmetic allows.

What the check costs grows with the model, while what it takes to find a spoilt weight does not: each weight of a layer
is used for every patch or token. So a large model on a CPU reads one picture and the beginning of one text, and of the
picture's patches a grid that is evenly spread. Metal multiplies so much faster that all is read there. Knows sizes
alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from convert.check.check_set import Item
from mlx_model.config import ModelConfig
from mlx_model.device.arithmetic import ON_METAL

# Floating-point operations of one of the two models. Whole is what the 500M takes for all of the set; a model that
# takes more gets less than that, as its weights take their time to be read and unpacked as well.
WHOLE, SAMPLE = 0.6e12, 0.3e12
_TEXT = 32  # tokens of a text, in a sample


def affordable(items: Sequence[Item], config: ModelConfig) -> list[Item]:
    """All of these items, or the largest choice within a sample's budget; the smallest, where none is within it."""
    if ON_METAL or operations(items, config) <= WHOLE:
        return list(items)
    choices = list(_choices(list(items), config))
    return next((choice for choice in choices if operations(choice, config) <= SAMPLE), choices[-1])


def _choices(items: list[Item], config: ModelConfig) -> Iterator[list[Item]]:
    """From most to least."""
    pictures, words = ([item for item in items if (item.pixels is None) is without] for without in (False, True))
    first = [*pictures[:1], *(beginning(item) for item in words[:1])]
    yield first
    if config.vision is not None:
        step = config.scale_factor
        for side in range(config.vision.patches_per_side - step, 0, -step):
            yield [item if item.pixels is None else with_grid(item, side, config) for item in first]


def beginning(item: Item) -> Item:
    """A text's first tokens, among them at least one of the answer."""
    return replace(item, ids=item.ids[: max(_TEXT, item.start + 1)])


@dataclass(frozen=True)
class Extent:
    """How many pictures and texts were read, and how many of the pictures' patches, of so many that there are."""

    pictures: int
    texts: int
    patches: int
    patches_there: int


def extent(items: Sequence[Item], config: ModelConfig) -> Extent:
    pictures = [item for item in items if item.pixels is not None]
    whole = sum(replace(item, side=None).patches(config) for item in pictures)
    patches = sum(item.patches(config) for item in pictures)
    return Extent(len(pictures), len(items) - len(pictures), patches, whole)


def with_grid(item: Item, side: int, config: ModelConfig) -> Item:
    """The same with `side` times `side` of its picture's patches, and image tokens to match."""
    surplus = item.ids.count(config.image_token_id) - (side // config.scale_factor) ** 2
    kept = [place for place, one in enumerate(item.ids) if one == config.image_token_id][surplus:]
    ids = tuple(one for place, one in enumerate(item.ids) if one != config.image_token_id or place in kept)
    return replace(item, ids=ids, start=item.start - surplus, side=side)


def operations(items: Sequence[Item], config: ModelConfig) -> float:
    """Two for each weight of a layer and each patch or token that it multiplies; attention left out."""
    patches = sum(item.patches(config) for item in items)
    tokens = sum(len(item.ids) for item in items)
    return 2 * (_encoder_weights(config) * patches + _decoder_weights(config) * tokens)


def _encoder_weights(config: ModelConfig) -> int:
    if (vision := config.vision) is None:
        return 0
    D = vision.hidden_size
    return vision.num_hidden_layers * (4 * D * D + 2 * D * vision.intermediate_size)


def _decoder_weights(config: ModelConfig) -> int:
    text = config.text
    D, queries, keys = (
        text.hidden_size,
        text.num_attention_heads * text.head_dim,
        text.num_key_value_heads * text.head_dim,
    )
    return text.num_hidden_layers * (2 * D * (queries + keys) + 3 * D * text.intermediate_size)
