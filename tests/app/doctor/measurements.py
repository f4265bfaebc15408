"""A made-up machine whose predictions can be worked out by hand."""

from app.doctor.measurement import Measurement
from app.doctor.shapes import NAMES
from mlx_model.measuring.probe import DecoderSpeed, VisionSpeed


def machine(*, metal: bool = False, slowness: float = 1.0) -> Measurement:
    """The larger sizes take twice and four times as long; on Metal fewer bits are quicker."""
    vision, decoder = {}, {}
    for number, name in enumerate(NAMES):
        factor = slowness * 2**number
        vision[name] = VisionSpeed(layer=0.01 * factor, ends=0.005 * factor)
        decoder[name] = {
            bits: DecoderSpeed(
                layer=0.0001 * factor * bits / 16,
                head=0.001 * factor,
                short_step=0.0008 * factor,
                whole_step=0.004 * factor,
            )
            for bits in ((4, 8, 16) if metal else (16,))
        }
    return Measurement(metal, vision, decoder, bandwidth=1e11, preprocess=0.001)
