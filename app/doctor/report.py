"""A measurement as the figures that people ask for: a line for each size and packing. Knows neither tables nor JSON."""

from dataclasses import asdict, dataclass
from typing import Any

from app.doctor.measurement import Measurement
from app.doctor.prediction import Prediction, clip, picture, predict
from app.doctor.shapes import NAMES, published_shapes

CLIP_FRAMES = 30  # of a clip of 30 s, at the checkpoints' own frame a second
GRID = (3, 4)  # rows and columns of 640 x 480 pixels at `high`


@dataclass(frozen=True)
class Speeds:
    """Of the smallest size."""

    tiles_per_second: float
    tokens_per_second: float


@dataclass(frozen=True)
class Line:
    """A published size at some bits: a picture in one tile, one at `high`, and a clip."""

    name: str
    bits: int
    picture: Prediction
    detailed: Prediction
    clip: Prediction

    def record(self) -> dict[str, Any]:
        """Its figures by name, seconds and bytes."""
        kinds = {"picture": self.picture, "picture_at_high": self.detailed, "clip": self.clip}
        figures = {kind: asdict(made) | {"first_token": made.first_token} for kind, made in kinds.items()}
        return {"model": self.name, "bits": self.bits, **figures}


def speeds(measurement: Measurement) -> Speeds:
    name = NAMES[0]
    made = predict(measurement, name, max(measurement.decoder[name]), picture(published_shapes()[name]))
    return Speeds(tiles_per_second=1 / made.vision, tokens_per_second=made.tokens_per_second)


def lines(measurement: Measurement) -> list[Line]:
    """Each size at each packing that was measured, the smallest first."""
    made = []
    for name, config in published_shapes().items():
        for bits in sorted(measurement.decoder[name]):
            wanted = (picture(config), picture(config, *GRID), clip(config, CLIP_FRAMES))
            made.append(Line(name, bits, *(predict(measurement, name, bits, each) for each in wanted)))
    return made
