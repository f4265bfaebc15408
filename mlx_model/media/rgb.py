"""Any decoded picture -> an upright one of mode RGB, 8 bits a channel, on white.

For everyday modes the pixels equal the reference's `convert_to_rgb` (transformers 5.23, `image_transforms.py`). Deep
greys, which that one (and Pillow) clips to white, are scaled. Knows nothing of files.
"""

import numpy as np
from PIL import ExifTags, Image

_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def to_upright_rgb(picture: Image.Image) -> Image.Image:
    """A loaded `picture` of any mode as RGB, turned as its EXIF says. The result carries no metadata."""
    rgb = _to_rgb(picture)
    orientation = _orientation(picture)
    if orientation in _TRANSPOSES:
        rgb = rgb.transpose(_TRANSPOSES[orientation])
    rgb.info = {}  # the orientation has been obeyed and must not be obeyed twice
    return rgb


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # broken EXIF raises nearly anything, and costs a picture its orientation, not its pixels
        return 1


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return _deep_grey_to_8_bits(picture).convert("RGB")
    if picture.has_transparency_data:
        straight = picture.convert("RGBA")
        white = Image.new("RGB", picture.size, "white")
        white.paste(straight, mask=straight)
        return white
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _deep_grey_to_8_bits(picture: Image.Image) -> Image.Image:
    """Greys of 16 bits by that range, as Pillow does for 16-bit colour; others (32 bits, floats) from least to most."""
    values = np.asarray(picture)
    has_16_bits = values.dtype == np.uint16 or picture.format in ("PNG", "PPM")  # Pillow reads 16-bit PPM into 32 bits
    grey = (values >> 8).astype(np.uint8) if has_16_bits and picture.mode != "F" else _stretch(values)
    if isinstance(key := picture.info.get("transparency"), int):
        grey[values == key] = 255
    return Image.fromarray(grey)


def _stretch(values: np.ndarray) -> np.ndarray:
    """int32 or float32 [H, W] -> uint8 [H, W]. Floats within 0..1 keep that scale; what is not finite is black."""
    is_float = values.dtype == np.float32
    values = values.astype(np.float32)
    finite = np.isfinite(values)
    low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 0.0)
    if is_float and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    values[~finite] = low
    values -= low
    values *= 255 / (high - low) if high > low else 0
    return np.rint(values).astype(np.uint8)
