"""Helpers that exist in training alone: linear layers that say what the network should have in it at some place.

Over image tokens they teach the encoder to see, and the connector to hand on what was seen, before there are words;
over the decoder's inside they teach the steps that a right answer takes (`hints.py`). `Trained` is the network with all
of them.
"""

from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from tools.embedded.training.model import Shape, build_config, build_model
from tools.embedded.world.changes import KINDS
from tools.embedded.world.labels import HALVES, HUES, IGNORE, MOST, NOT_LETTER, NOT_THING, ORDINALS, WORDS
from tools.embedded.world.relations import RELATIONS
from tools.embedded.world.scenes import SCALES


class CellHeads(nn.Module):
    """Linear layers over the connector's output: of patches the thing, how many such there are and its size, of their
    halves the letters, their places, their words' numbers and colours; and the background's colours.

    A token of r = `shuffle` holds r * r patches. The third edition was taught over the encoder's output: there nine of
    ten letters could be named, and three of four from the tokens that the decoder got.
    """

    def __init__(self, hidden: int, shuffle: int, things: int, letters: int) -> None:
        super().__init__()
        self.patches = shuffle * shuffle
        self.thing = nn.Linear(hidden, self.patches * (things + 1))
        self.count = nn.Linear(hidden, self.patches * (MOST + 1))
        self.scale = nn.Linear(hidden, self.patches * len(SCALES))
        self.letter = nn.Linear(hidden, self.patches * HALVES * (letters + 1))
        self.place = nn.Linear(hidden, self.patches * HALVES * ORDINALS)
        self.word = nn.Linear(hidden, self.patches * HALVES * WORDS)
        self.ink = nn.Linear(hidden, self.patches * HALVES * len(HUES))
        self.background = nn.Linear(hidden, 2 * len(HUES))

    def forward(self, features: Tensor, things: Tensor, letters: Tensor, backgrounds: Tensor) -> Tensor:
        """features [..., D] of tokens and the labels of their patches, as `Cells` has them -> the losses' sum."""
        features = features.float()
        return (
            labelled(self.named(features), things[..., 0])
            + labelled(self.counted(features), things[..., 1])
            + labelled(self.sized(features), things[..., 2])
            + 2 * labelled(self.spelled(features), letters[..., 0])
            + labelled(self.placed(features), letters[..., 1])
            + labelled(self.by_half(self.word, features), letters[..., 2])
            + labelled(self.by_half(self.ink, features), letters[..., 3])
            + labelled(self.behind(features), backgrounds)
        )

    def named(self, features: Tensor) -> Tensor:
        """features [..., D] -> scores [..., r^2, things + 1]."""
        return self.thing(features).unflatten(-1, (self.patches, -1))

    def counted(self, features: Tensor) -> Tensor:
        """features [..., D] -> scores [..., r^2, MOST + 1]."""
        return self.count(features).unflatten(-1, (self.patches, -1))

    def sized(self, features: Tensor) -> Tensor:
        """features [..., D] -> scores [..., r^2, SCALES]."""
        return self.scale(features).unflatten(-1, (self.patches, -1))

    def spelled(self, features: Tensor) -> Tensor:
        """features [..., D] -> scores [..., r^2, HALVES, letters + 1]."""
        return self.by_half(self.letter, features)

    def placed(self, features: Tensor) -> Tensor:
        """features [..., D] -> scores [..., r^2, HALVES, ORDINALS]."""
        return self.by_half(self.place, features)

    def behind(self, features: Tensor) -> Tensor:
        """features [..., D] -> scores [..., 2, HUES] of the background's colours."""
        return self.background(features).unflatten(-1, (2, -1))

    def by_half(self, layer: nn.Linear, features: Tensor) -> Tensor:
        return cast(Tensor, layer(features)).unflatten(-1, (self.patches, HALVES, -1))


class SlotHead(nn.Linear):
    """Over the decoder's middle: in which half of which of its token's patches is the letter that comes next.

    A token of r = 2 holds up to four letters of a line. Without this the decoder looked at the right token nine times
    in ten, and named the right letter of it every second time.
    """

    def __init__(self, hidden: int, shuffle: int) -> None:
        super().__init__(hidden, shuffle * shuffle * HALVES)


class OrdinalHead(nn.Linear):
    """Over the decoder's beginning: which place in its word the letter that comes next has, and that word's number.

    Image tokens say both of each of their letters (`CellHeads`); so the next one can be looked for by its numbers
    instead of by what was read before it, none is left out, and none is taken from the line below.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden, ORDINALS + WORDS)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        places, words = super().forward(x).split((ORDINALS, WORDS), dim=-1)
        return places, words


class ChangedHead(nn.Linear):
    """Over the decoder's middle: whether an image token shows something else than the one of the view before it.

    The fifth edition said of every fourth clip in which nothing happens that something turns into itself.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden, 2)


class BroughtHead(nn.Linear):
    """Over what the decoder's readers can bring from an image token: its thing, how many such there are and its size,
    its letters' colour, the background's.

    The eighth edition's encoder told all colours and things (linear heads over its tokens named 99 % of the things,
    every text's colour and every background's), yet every third caption of a fading background had it wrong: not four
    of ten of its colours could be told from what the heads that answer bring. Of the tenth's wrong captions every
    fourth left a size out, or had one that is not there.
    """

    def __init__(self, width: int, things: int) -> None:
        self.sizes = (things, MOST + 1, len(SCALES), len(HUES), len(HUES), len(HUES))
        super().__init__(width, sum(self.sizes))

    def forward(self, values: Tensor) -> tuple[Tensor, ...]:
        """values [N, D] -> scores of the thing, its number and size, the letters' colour, the background's first and
        last colour."""
        return super().forward(values).split(self.sizes, dim=-1)


class ThreeWayHead(nn.Linear):
    """Over the decoder's inside: numbers of three values each, of where things are and how they stand to one another.

    Of a thing that is named its row and its column among nine fields, and its size; as an item of a list ends, how many
    are left. In one of thirty captions the tenth edition named a thing twice or left a text out. Where two are compared
    row and column of both, and then whether the first's are earlier than the second's, the same or later. Whether one
    is left of the other the seventh edition guessed, though it found each of them.
    """

    def __init__(self, hidden: int, numbers: int) -> None:
        super().__init__(hidden, numbers * 3)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, D] -> scores [N, numbers, 3]."""
        return super().forward(x).unflatten(-1, (-1, 3))


class RelationHead(nn.Linear):
    """Over the decoder's end: which of the ways to stand to one another is asked about.

    Known in the layers before, it had faded where it was to be held against how the two do stand, and that was known.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden, len(RELATIONS))


class HappeningHead(nn.Linear):
    """Over the decoder's end: what kind of change it is, before any of it is said."""

    def __init__(self, hidden: int) -> None:
        super().__init__(hidden, len(KINDS))


class ColumnHead(nn.Linear):
    """Over what the heads of the decoder's last layer can bring from a token: the letters of each head's own column.

    A token has r * HALVES columns of half a patch, r letters high. The sixth edition's heads brought all the letters of
    a token, and what follows them had to pick. A head for each column finds its letter by its place in the word, which
    the token tells column by column, and looks away when the next letter is in none of its own.
    """

    def __init__(self, width: int, shuffle: int, letters: int) -> None:
        self.columns = shuffle * HALVES
        super().__init__(width, self.columns * shuffle * (letters + 1))

    def forward(self, values: Tensor) -> Tensor:
        """values [N, kv_heads, D] -> scores [N, r, columns, letters + 1]; a group of heads shares its values."""
        each = super().forward(values).unflatten(-1, (self.columns, self.columns // HALVES, -1))
        own = each.unflatten(2, (values.shape[1], -1)).diagonal(dim1=1, dim2=2)  # [N, columns of one, r, letters, kv]
        return own.permute(0, 2, 4, 1, 3).flatten(2, 3)


NETWORK = "model."  # before the names that the network's own weights have in `Trained`


class Trained(nn.Module):
    """The model and its helpers: all that has parameters."""

    def __init__(self, shape: Shape, ids: dict[str, int], seed: int) -> None:
        super().__init__()
        self.model = build_model(build_config(shape, ids), seed)
        self.heads = CellHeads(shape.hidden, shape.shuffle, NOT_THING, NOT_LETTER)
        self.ordinals = OrdinalHead(shape.hidden)
        self.slots = SlotHead(shape.hidden, shape.shuffle)
        self.changed = ChangedHead(shape.hidden)
        self.field = ThreeWayHead(shape.hidden, 3)
        self.left = ThreeWayHead(shape.hidden, 1)
        self.fields = ThreeWayHead(shape.hidden, 4)
        self.orders = ThreeWayHead(shape.hidden, 2)
        self.relations = RelationHead(shape.hidden)
        self.happenings = HappeningHead(shape.hidden)
        self.columns = ColumnHead(shape.hidden // shape.heads, shape.shuffle, NOT_LETTER)
        self.brought = BroughtHead(shape.hidden // shape.heads * shape.kv_heads, NOT_THING)


def network_of(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Of weights by the names that they have in `Trained` the network's, by the names that they have in the network."""
    return {name.removeprefix(NETWORK): value for name, value in weights.items() if name.startswith(NETWORK)}


def labelled(scores: Tensor, labels: Tensor) -> Tensor:
    """Mean loss of scores [..., classes] by labels [...], 0 when all of them are IGNORE."""
    losses = functional.cross_entropy(scores.flatten(0, -2), labels.flatten(), reduction="sum")
    return losses / (labels != IGNORE).sum().clamp_min(1)
