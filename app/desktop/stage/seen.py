"""Which frames of a clip the model sees, and which are shown on the timeline. Knows no widget and reads no file."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlx_model.config import ImageConfig
    from mlx_model.media.video import Clip

OVERVIEW = 24  # frames of the whole clip where it is not known what the model sees


def seen_times(clip: "Clip", images: "ImageConfig | None") -> list[float]:
    """When the frames are shown that the model sees, in seconds; an overview where no model is known."""
    from mlx_model.media.video import plan_frames

    return list(plan_frames(clip, images).seconds) if images is not None else overview(clip.times)


def overview(times: Sequence[float]) -> list[float]:
    """At most OVERVIEW of these times, evenly from the first to the last."""
    last, most = len(times) - 1, min(OVERVIEW, len(times))
    return [times[round(number * last / max(most - 1, 1))] for number in range(most)]


def shown_times(clip: "Clip", images: "ImageConfig | None") -> list[float]:
    """What to read for a timeline: what the model sees, and what it would see of the whole clip."""
    from mlx_model.media.video import Watching

    whole = replace(clip, watching=replace(clip.watching, start=Watching.start, end=Watching.end))
    return sorted({*seen_times(whole, images), *seen_times(clip, images)})


def nearest(times: Sequence[float], second: float) -> float | None:
    """Of times in order the one on the screen at `second`: the last until then, else the first."""
    if not times:
        return None
    return times[max(bisect_right(times, second + 1e-6) - 1, 0)]
