"""A picture or clip with what the window shows of it: made off the window's thread, from a file or the clipboard."""

from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QSize, Qt
from PySide6.QtGui import QImage

from app.asking.clip_times import Span
from app.conversation import Medium
from app.inputs.media import open_medium
from app.terminal import one_line
from mlx_model.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

    from mlx_model.media.video import Clip

SMALL = 96
LONGEST_SHOWN = 4096  # pixels; more than any stage has
THUMBNAIL = 192
PASTED = "Pasted picture"


@dataclass(frozen=True, eq=False)
class ShownMedium(Medium):
    """`picture` is what the stage shows (of a clip its first frame), `thumbnail` the same small."""

    picture: QImage = field(default_factory=QImage)
    thumbnail: QImage = field(default_factory=QImage)

    def as_thumbnail(self) -> bytes | None:
        size = QSize(SMALL, SMALL)
        small = self.thumbnail.scaled(
            size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        return as_png(small)

    def within(self, span: Span, picture: QImage | None = None) -> "ShownMedium":
        """The same clip, but this part of it is asked about; `picture` is that part's first frame."""
        from mlx_model.media.video import Clip, Watching

        assert isinstance(self.part, Clip), "a picture has no times"
        if span.is_whole:
            watching = replace(self.part.watching, start=Watching.start, end=Watching.end)
        else:
            watching = replace(self.part.watching, start=span.start, end=span.end)
        part = replace(self.part, watching=watching)
        if picture is None:
            return replace(self, part=part)
        return replace(self, part=part, picture=picture, thumbnail=_small(picture))


def open_shown(path: Path, name: str | None = None) -> ShownMedium:
    """The picture or clip in a file. Raises InputError. For a thread in the background."""
    from mlx_model.prompting.prompt import Picture

    part = open_medium(path, name or one_line(str(path)))
    name = name or one_line(path.name)
    if isinstance(part, Picture):
        return show_picture(part.image, name, path)
    picture = to_qimage(first_frame(part))
    return ShownMedium(part, name, path, picture=picture, thumbnail=_small(picture))


def open_pasted(image: QImage, name: str = PASTED) -> ShownMedium:
    """A picture from the clipboard, a drag or the screen. Raises InputError. For a thread in the background."""
    from mlx_model.media.image_files import open_image

    if (content := as_png(image)) is None:
        raise InputError(f"{name} holds no pixels.")
    return show_picture(open_image(BytesIO(content), name), name)


def show_picture(image: "Image.Image", name: str, path: Path | None = None) -> ShownMedium:
    """An RGB image with what is shown of it."""
    from mlx_model.media.images import is_blank
    from mlx_model.prompting.prompt import Picture

    picture = to_qimage(image)
    return ShownMedium(Picture(image, name), name, path, is_blank(image), picture, _small(picture))


def as_png(image: QImage) -> bytes | None:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return bytes(buffer.data().data()) if image.save(buffer, "PNG") else None  # type: ignore[call-overload]


def to_qimage(image: "Image.Image") -> QImage:
    """An RGB image as Qt has it, its long edge at most LONGEST_SHOWN."""
    if max(image.size) > LONGEST_SHOWN:
        image = image.copy()
        image.thumbnail((LONGEST_SHOWN, LONGEST_SHOWN))
    # Qt does not hold on to the bytes, so it gets a copy of its own.
    return QImage(image.tobytes(), image.width, image.height, 3 * image.width, QImage.Format.Format_RGB888).copy()


def first_frame(clip: "Clip") -> "Image.Image":
    from PIL import Image

    from mlx_model.media.video_decoder import stream_frames

    return Image.fromarray(next(iter(stream_frames(clip.path, clip.name, [0]))))


def _small(picture: QImage) -> QImage:
    size = QSize(THUMBNAIL, THUMBNAIL)
    return picture.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
