"""What looking at a picture or clip costs at a detail: its tiles and the tokens that they become. Knows no widget."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.conversation import Medium
from app.desktop.model_choice import Sight

if TYPE_CHECKING:
    from mlx_model.media.images import Detail


@dataclass(frozen=True)
class Cost:
    """`rows` and `cols` are 0 where the whole is seen in one tile."""

    rows: int
    cols: int
    tiles: int
    tokens: int
    is_clip: bool = False

    @property
    def words(self) -> str:
        if not self.tiles:
            return ""
        if self.is_clip:
            seen = f"{self.tiles} {'frame' if self.tiles == 1 else 'frames'}"
        elif self.rows:
            seen = f"{self.cols} × {self.rows} + 1 tiles"
        else:
            seen = "1 tile"
        return f"{seen}, {self.tokens:,} tokens" if self.tokens else seen


def cost_of(medium: Medium, detail: "Detail", sight: Sight | None) -> Cost | None:
    """None while no model is loaded, and for one of words alone."""
    if sight is None or sight.images is None:
        return None
    from mlx_model.media.images import plan
    from mlx_model.media.video import Clip, plan_frames

    part = medium.part
    if isinstance(part, Clip):
        frames = plan_frames(part, sight.images).tiles
        return Cost(0, 0, frames, frames * sight.tokens_per_tile, is_clip=True)
    planned = plan(part.image.width, part.image.height, detail, sight.images)
    return Cost(planned.rows, planned.cols, planned.tiles, planned.tiles * sight.tokens_per_tile)
