"""A part of a picture as a picture of its own. For a thread in the background."""

from PySide6.QtCore import QRectF

from app.desktop.shown_medium import ShownMedium, show_picture
from mlx_model.errors import InputError


def cropped(medium: ShownMedium, part: QRectF) -> ShownMedium:
    """`part` in 0 to 1 on both axes. Raises InputError where it is of no picture."""
    from mlx_model.prompting.prompt import Picture

    if not isinstance(medium.part, Picture):
        raise InputError(f"{medium.name} is a clip, and only a part of a picture can be cut out.")
    image = medium.part.image
    box = (
        int(part.left() * image.width),
        int(part.top() * image.height),
        max(round(part.right() * image.width), 1),
        max(round(part.bottom() * image.height), 1),
    )
    return show_picture(image.crop(box), f"Part of {medium.name}")
