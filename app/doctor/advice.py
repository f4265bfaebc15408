"""Which size, at how many bits, suits this machine: the most able one that is quick enough and leaves room.

A rule, not a measurement of quality; what each size gets right is in the paper (arXiv 2504.05299).
"""

from dataclasses import dataclass

from app.doctor.measurement import Measurement
from app.doctor.prediction import UNPACKED, Prediction, picture, predict
from app.doctor.shapes import NAMES, published_shapes

BITS = (16, 8, 4)  # the most exact first
PATIENCE = 5.0  # seconds to the first word about a picture
READING_SPEED = 8.0  # tokens a second: an answer that comes slower is waited for
SHARE = 0.5  # of the memory that is free: other programs want some


@dataclass(frozen=True)
class Advice:
    """`fits` is False where even the smallest is slower or larger than it should be, and is advised all the same."""

    name: str
    bits: int
    prediction: Prediction
    fits: bool

    @property
    def command(self) -> str:
        """What gets it."""
        if self.bits == UNPACKED:
            return f"smolsight models get {self.name}"
        return f"smolsight convert {self.name} --bits {self.bits}"


def advise(measurement: Measurement, free_bytes: int) -> Advice:
    """The largest size that is quick enough in the memory that is free, at the most bits that are."""
    bits = BITS if measurement.metal else BITS[:1]  # a CPU holds all in float32: packing changes nothing there
    for name in reversed(NAMES):
        for width in bits:
            advice = _advice(measurement, name, width, free_bytes)
            if advice.fits:
                return advice
    return _advice(measurement, NAMES[0], bits[-1], free_bytes)


def _advice(measurement: Measurement, name: str, bits: int, free_bytes: int) -> Advice:
    prediction = predict(measurement, name, bits, picture(published_shapes()[name]))
    quick = prediction.first_token <= PATIENCE and prediction.tokens_per_second >= READING_SPEED
    return Advice(name, bits, prediction, quick and prediction.memory_bytes <= SHARE * free_bytes)
