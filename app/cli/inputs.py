"""What the user named becomes a picture or a clip: a file's path, or `-` for a picture on standard input."""

import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from app.inputs.media import holds_clip, open_medium
from app.terminal import one_line
from mlx_model.errors import InputError

if TYPE_CHECKING:
    from mlx_model.media.video import Clip, Watching
    from mlx_model.prompting.prompt import Picture

STDIN = "-"
STDIN_LIMIT = 256 * 2**20  # bytes: more than any picture that would be accepted, less than memory


def read_input(source: str, watching: "Watching") -> "Picture | Clip":
    """The picture or clip of a path, by its content, or the picture on standard input for `-`. Raises InputError.

    `watching` is what of a clip is to be seen.
    """
    if source == STDIN:
        from mlx_model.media.image_files import open_image
        from mlx_model.prompting.prompt import Picture

        return Picture(open_image(_read_stdin(), "standard input"), "standard input")
    if not source:
        raise InputError("An input has an empty name; name a picture file.")
    return open_medium(Path(source), one_line(source), watching)


def is_picture(source: str) -> bool:
    """Whether an input can be opened and is no clip."""
    if source == STDIN:
        return True
    try:
        return not holds_clip(Path(source), one_line(source))
    except InputError:
        return False


def _read_stdin() -> BytesIO:
    if sys.stdin is None:
        raise InputError("Standard input is closed; pipe a picture into it or name a file.")
    content = sys.stdin.buffer.read(STDIN_LIMIT + 1)
    if not content:
        raise InputError("Standard input was empty; pipe a picture into it, as in: smolsight describe - < picture.png")
    if len(content) > STDIN_LIMIT:
        raise InputError(f"Standard input went on past {STDIN_LIMIT // 2**20} MiB, which is too much for a picture.")
    return BytesIO(content)
