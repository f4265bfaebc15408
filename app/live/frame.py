"""One frame of what is watched: its pixels, when it came, and the same very small for comparing."""

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

SMALL = (64, 36)
THUMBNAIL = 160
JPEG_QUALITY = 80


@dataclass(frozen=True, eq=False)
class Frame:
    """`pixels` RGB uint8 [H, W, 3], `came` in seconds of `time.time`, `small` grey uint8 [36, 64]."""

    pixels: np.ndarray
    came: float
    small: np.ndarray

    @property
    def image(self) -> "Image.Image":
        from PIL import Image

        return Image.fromarray(self.pixels)

    def blank(self) -> str | None:
        """A sentence for a frame of one colour. The small one says cheaply that most are not."""
        from mlx_model.media.images import BLANK_RANGE, is_blank

        return is_blank(self.image) if np.ptp(self.small) <= BLANK_RANGE else None

    def thumbnail(self) -> bytes:
        """A JPEG, its long edge at most THUMBNAIL pixels."""
        image, buffer = self.image, BytesIO()
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        image.save(buffer, "JPEG", quality=JPEG_QUALITY)
        return buffer.getvalue()


def make_frame(pixels: np.ndarray, came: float) -> Frame:
    """A frame from RGB uint8 [H, W, 3]."""
    from PIL import Image

    grey = Image.fromarray(pixels).reduce(max(min(pixels.shape[1] // SMALL[0], pixels.shape[0] // SMALL[1]), 1))
    return Frame(pixels, came, np.asarray(grey.convert("L").resize(SMALL, Image.Resampling.BOX)))
