"""What the user named becomes a picture: a file's path, or `-` for standard input."""

import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from app.terminal import one_line
from mlx_model.errors import InputError

if TYPE_CHECKING:
    from mlx_model.prompt import Picture

STDIN = "-"
STDIN_LIMIT = 256 * 2**20  # bytes: more than any picture that would be accepted, less than memory


def read_picture(source: str) -> "Picture":
    """The picture of a path, or of standard input for `-`. Raises InputError."""
    from mlx_model.image_files import open_image
    from mlx_model.prompt import Picture

    if source == STDIN:
        return Picture(open_image(_read_stdin(), "standard input"), "standard input")
    if not source:
        raise InputError("An input has an empty name; name a picture file.")
    return Picture(open_image(Path(source)), one_line(source))


def _read_stdin() -> BytesIO:
    if sys.stdin is None:
        raise InputError("Standard input is closed; pipe a picture into it or name a file.")
    content = sys.stdin.buffer.read(STDIN_LIMIT + 1)
    if not content:
        raise InputError("Standard input was empty; pipe a picture into it, as in: smolsight describe - < picture.png")
    if len(content) > STDIN_LIMIT:
        raise InputError(f"Standard input went on past {STDIN_LIMIT // 2**20} MiB, which is too much for a picture.")
    return BytesIO(content)
