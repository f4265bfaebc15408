"""A file that somebody named becomes a picture or a clip, by its content. Shared by both faces."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlx_model.media.video import Clip, Watching
    from mlx_model.prompting.prompt import Picture


def open_medium(path: Path, name: str, watching: "Watching | None" = None) -> "Picture | Clip":
    """The picture or clip in a file; `watching` is what of a clip is to be seen. Raises InputError.

    Takes as long as decoding does: a large photo tenths of a second, a clip as long as it takes to read it through.
    """
    from mlx_model.media.image_files import open_image
    from mlx_model.prompting.prompt import Picture

    if holds_clip(path, name):
        from mlx_model.media.video import Watching, open_clip

        return open_clip(path, name, watching or Watching())
    return Picture(open_image(path, name), name)


def holds_clip(path: Path, name: str) -> bool:
    """Whether the file begins as a container of moving pictures does. Raises InputError where it cannot be read."""
    from mlx_model.media.file_kinds import HEAD_BYTES, is_clip
    from mlx_model.media.regular_file import open_regular_file

    with open_regular_file(path, name) as file:
        return is_clip(file.read(HEAD_BYTES))
