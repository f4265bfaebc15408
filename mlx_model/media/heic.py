"""HEIC, the format of most photos on a Mac, which Pillow does not read by itself.

pillow-heif decodes it where it is installed (the extra `heic`). Without it macOS does, through its own `sips`: the
bytes go into a folder of our own, a TIFF comes out. Knows nothing of orientation or alpha: the caller treats the result
like any other picture that Pillow opened. `sips(1)`: https://ss64.com/mac/sips.html
"""

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile

from mlx_model.errors import InputError

SIPS = "/usr/bin/sips"
SIPS_SECONDS = 60


def open_heic(file: BinaryIO, name: str) -> ImageFile.ImageFile:
    """An HEIC `file` as a picture of which only the header has been read.

    Raises InputError when nothing on this machine decodes HEIC or when sips refuses the file; whatever pillow-heif
    raises on damaged data comes through.
    """
    file.seek(0)
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        if sys.platform == "darwin":
            return _open_with_sips(file, name)
        raise InputError(
            f"{name} is an HEIC picture, which needs pillow-heif: install the extra `heic`, or export it as JPEG."
        ) from None
    return HeifImageFile(file)


def _open_with_sips(file: BinaryIO, name: str) -> ImageFile.ImageFile:
    # sips wants a path, and the user's may name another file by now: it gets a copy of what was opened and checked.
    with tempfile.TemporaryDirectory(prefix="smolsight-") as folder:
        source, target = Path(folder, "picture.heic"), Path(folder, "picture.tiff")
        with source.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        command = [SIPS, "-s", "format", "tiff", str(source), "--out", str(target)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=SIPS_SECONDS)
            return Image.open(io.BytesIO(target.read_bytes()), formats=["TIFF"])
        except (OSError, subprocess.SubprocessError) as error:
            raise InputError(
                f"{name} is an HEIC picture that macOS could not convert; it may be damaged: try to export it as JPEG."
            ) from error
